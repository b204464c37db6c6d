import type { EnrollmentGroup, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { mergeEnrollment, withoutReadOnly } from "./merge.ts";

const stored: EnrollmentGroup = {
  enrollmentGroupId: "Plant",
  attestation: { type: "symmetricKey" },
  etag: "e1",
  provisioningStatus: "enabled",
  createdDateTimeUtc: "2023-05-19T23:10:35.7799084Z",
  initialTwin: { tags: { site: 7, floor: { a: 1, b: 2 } }, properties: { desired: { x: 1 } } },
  iotHubs: ["a", "b"],
  allocationPolicy: "static",
  credentialPolicyName: "newer",
};
const info = (sha256Thumbprint: string) => ({
  info: {
    subjectName: "CN=a",
    sha1Thumbprint: "00",
    sha256Thumbprint,
    issuerName: "CN=a",
    notBeforeUtc: "",
    notAfterUtc: "",
    serialNumber: "01",
    version: 3,
  },
});
const group = (more: Partial<EnrollmentGroup>): EnrollmentGroup => ({
  enrollmentGroupId: "plant",
  attestation: { type: "symmetricKey" },
  ...more,
});
const merge = (given: EnrollmentGroup, before = stored) =>
  mergeEnrollment(before, given, "enrollmentGroupId");
const attested = (attestation: EnrollmentGroup["attestation"]) => group({ attestation });
const mergeAttestation = (
  before: EnrollmentGroup["attestation"],
  given: EnrollmentGroup["attestation"],
) => merge(attested(given), attested(before)).attestation;

describe("what is stored, with what is given in its place", () => {
  it("keeps what is not given, what is not known here included, and the id as it is spelled", () => {
    expect(merge(group({ provisioningStatus: undefined }))).toEqual(stored);
  });

  it("has the members that are given, objects within one another", () => {
    const initialTwin = { tags: { floor: { b: 3, c: 4 } } };
    expect(merge(group({ provisioningStatus: "disabled", initialTwin }))).toEqual({
      ...stored,
      provisioningStatus: "disabled",
      initialTwin: {
        tags: { site: 7, floor: { a: 1, b: 3, c: 4 } },
        properties: { desired: { x: 1 } },
      },
    });
  });

  it("loses what is null, and has lists as they are given", () => {
    const given = group({ initialTwin: { tags: { floor: null } }, iotHubs: ["c"] });
    const merged = merge({ ...given, allocationPolicy: null });
    expect(merged).not.toHaveProperty("allocationPolicy");
    expect(merged.initialTwin?.tags).toEqual({ site: 7 });
    expect(merged.iotHubs).toEqual(["c"]);
  });

  it("is not the object that was given or stored", () => {
    const before = structuredClone(stored);
    const given = group({ initialTwin: { tags: { floor: { c: 1 } } } });
    merge(given);
    expect(stored).toEqual(before);
  });

  test.prop([fc.jsonValue(), fc.jsonValue()])("says what was given", (a, b) => {
    const before = group({ initialTwin: { tags: { a } } });
    const merged = merge(group({ initialTwin: { tags: { b } } }), before);
    const again = merge(group({ initialTwin: { tags: { b } } }), merged);
    expect(again).toEqual(merged);
    expect(merged.initialTwin?.tags?.a).toEqual(a);
  });

  it("takes no prototype from a member's name", () => {
    const given = JSON.parse(
      '{"enrollmentGroupId":"plant","attestation":{"type":"symmetricKey"},"initialTwin":{"tags":{"__proto__":{"evil":1}}}}',
    ) as EnrollmentGroup;
    const { tags } = merge(given).initialTwin ?? {};
    expect(Object.getPrototypeOf(tags)).toBe(Object.prototype);
    expect(JSON.stringify(tags)).toContain('"__proto__":{"evil":1}');
    expect((tags as { evil?: number }).evil).toBeUndefined();
  });
});

describe("an attestation, with what is given in its place", () => {
  const pair = { primary: info("AA"), secondary: info("BB") };
  const signing = { type: "x509" as const, x509: { signingCertificates: pair } };

  it("has a new certificate without the description of the old one, and the other as it was", () => {
    const given = { signingCertificates: { primary: { certificate: "PEM" } } };
    expect(mergeAttestation(signing, { type: "x509", x509: given })).toEqual({
      type: "x509",
      x509: { signingCertificates: { primary: { certificate: "PEM" }, secondary: pair.secondary } },
    });
  });

  it("loses a certificate that is null", () => {
    const given = { signingCertificates: { secondary: null } };
    expect(mergeAttestation(signing, { type: "x509", x509: given })).toEqual({
      type: "x509",
      x509: { signingCertificates: { primary: pair.primary } },
    });
  });

  it("keeps its certificates where only the type is said", () => {
    expect(mergeAttestation(signing, { type: "x509" })).toEqual(signing);
    expect(mergeAttestation(signing, { type: "x509", x509: {} })).toEqual(signing);
  });

  it.each([
    { type: "x509", x509: { caReferences: { secondary: "b" } } },
    { type: "x509", x509: { clientCertificates: { primary: { certificate: "PEM" } } } },
    { type: "symmetricKey", symmetricKey: { primaryKey: "x" } },
    { type: "tpm", tpm: { endorsementKey: "AAAA" } },
  ] as const)("of another kind is the whole: %j", (given) => {
    expect(mergeAttestation(signing, given)).toEqual(given);
  });

  it("keeps the reference and the key that are not given", () => {
    const references = { caReferences: { primary: "a", secondary: "b" } };
    const replaced = { caReferences: { primary: "c" } };
    expect(
      mergeAttestation({ type: "x509", x509: references }, { type: "x509", x509: replaced }),
    ).toEqual({ type: "x509", x509: { caReferences: { primary: "c", secondary: "b" } } });
    const keys = { primaryKey: "a", secondaryKey: "b" };
    expect(
      mergeAttestation(
        { type: "symmetricKey", symmetricKey: keys },
        { type: "symmetricKey", symmetricKey: { secondaryKey: "c" } },
      ),
    ).toEqual({ type: "symmetricKey", symmetricKey: { primaryKey: "a", secondaryKey: "c" } });
  });

  it("does not give a TPM the key of another", () => {
    const before = { endorsementKey: "AAAA", storageRootKey: "BBBB" };
    const given = { type: "tpm" as const, tpm: { endorsementKey: "CCCC" } };
    expect(mergeAttestation({ type: "tpm", tpm: before }, given)).toEqual(given);
    const same = { type: "tpm" as const, tpm: { endorsementKey: "AAAA" } };
    expect(mergeAttestation({ type: "tpm", tpm: before }, same).tpm).toEqual(before);
  });

  it("keeps members that are not known here", () => {
    const before = { ...signing, policy: "p", x509: { ...signing.x509, depth: 2 } };
    const given = { signingCertificates: { primary: { certificate: "PEM" } } };
    expect(mergeAttestation(before, { type: "x509", x509: given })).toMatchObject({
      policy: "p",
      x509: { depth: 2 },
    });
  });
});

it("What the service sets itself is not sent", () => {
  const read: IndividualEnrollment = {
    registrationId: "d",
    attestation: { type: "none" },
    etag: "e",
    createdDateTimeUtc: "x",
    lastUpdatedDateTimeUtc: "y",
    registrationState: { status: "assigned" },
    initialTwin: { tags: { etag: "mine" } },
  };
  expect(withoutReadOnly(read)).toEqual({
    registrationId: "d",
    attestation: { type: "none" },
    initialTwin: { tags: { etag: "mine" } },
  });
});
