import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpensslPki, opensslPki } from "../testing/openssl-pki.ts";
import { infoOf, storedGroup, wantedGroup } from "../testing/service-client.ts";
import { isSameEnrollment, reflects } from "./reflects.ts";

let pki: OpensslPki;
beforeAll(() => {
  pki = opensslPki();
});
afterAll(() => pki.remove());

describe("an enrollment that was sent", () => {
  it("is the one that is stored, whatever the service added", () => {
    const { certPem } = pki.root;
    expect(
      reflects(wantedGroup(certPem), storedGroup(certPem, { allocationPolicy: "hashed" })),
    ).toBe(true);
    const base64 = Buffer.from(certPem).toString("base64");
    expect(reflects(wantedGroup(base64), storedGroup(certPem))).toBe(true);
  });

  it("is not one that differs in a member or in a certificate", () => {
    const { certPem } = pki.root;
    const stored = storedGroup(certPem);
    const wanted = wantedGroup(certPem);
    expect(reflects({ ...wanted, provisioningStatus: "disabled" }, stored)).toBe(false);
    expect(reflects({ ...wanted, iotHubs: ["a"] }, { ...stored, iotHubs: ["a", "b"] })).toBe(false);
    const odd = JSON.parse('{"initialTwin":{"tags":{"__proto__":{}}}}') as object;
    expect(reflects({ ...wanted, ...odd }, { ...stored, initialTwin: { tags: {} } })).toBe(false);
    expect(reflects(wantedGroup(pki.issue("other").certPem), stored)).toBe(false);
    expect(reflects(wantedGroup("damaged"), stored)).toBe(false);
  });

  it("names certificates of the service in either case", () => {
    const by = (primary: string) => ({ attestation: { x509: { caReferences: { primary } } } });
    expect(reflects(by("Root"), by("root"))).toBe(true);
    expect(reflects(by("root-2"), by("root"))).toBe(false);
  });

  it("may have members of its own that are called as the service's are", () => {
    const twin = (tags: object) => ({ initialTwin: { tags } });
    expect(
      reflects(twin({ etag: "a", certificate: "x" }), twin({ etag: "a", certificate: "x" })),
    ).toBe(true);
    expect(reflects(twin({ etag: "a" }), twin({ etag: "b" }))).toBe(false);
    expect(reflects(twin({ certificate: "a" }), twin({ certificate: "b" }))).toBe(false);
  });
});

it("Two enrollments are the same if neither has what the other has not", () => {
  const { certPem } = pki.root;
  const stored = storedGroup(certPem);
  expect(isSameEnrollment(wantedGroup(certPem), stored)).toBe(true);
  expect(isSameEnrollment({ ...wantedGroup(certPem), iotHubs: null }, stored)).toBe(true);
  expect(isSameEnrollment(wantedGroup(certPem), { ...stored, iotHubs: ["a"] })).toBe(false);
  const secondary = { primary: infoOf(certPem), secondary: infoOf(certPem) };
  const attestation = { type: "x509", x509: { signingCertificates: secondary } };
  expect(isSameEnrollment(wantedGroup(certPem), { ...stored, attestation })).toBe(false);
});
