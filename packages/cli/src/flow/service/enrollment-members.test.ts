import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { withAttestation, withSettings } from "./enrollment-members.ts";

const stored = (more: Partial<EnrollmentGroup> = {}): EnrollmentGroup => ({
  enrollmentGroupId: "g",
  attestation: { type: "symmetricKey" },
  ...more,
});

describe("settings of an enrollment", () => {
  it("change what is given, and leave the rest, unknown members included", () => {
    const before = stored({ iotHubs: ["a"], allocationPolicy: "static", novelty: { x: 1 } });
    const after = withSettings(before, { provisioningStatus: "disabled", iotHubs: ["b", "c"] });
    expect(after).toEqual({ ...before, provisioningStatus: "disabled", iotHubs: ["b", "c"] });
    expect(before.iotHubs).toEqual(["a"]);
    expect(withSettings(before, {})).toEqual(before);
  });

  it.each([
    ["migrate", true, true],
    ["reset", true, false],
    ["never", false, false],
  ] as const)(
    "say with --reprovision %s what becomes of hub and data",
    (reprovision, hub, data) => {
      const { reprovisionPolicy } = withSettings(stored(), { reprovision });
      expect(reprovisionPolicy).toEqual({ updateHubAssignment: hub, migrateDeviceData: data });
    },
  );

  it("keep what else a newer service says in the objects that they change", () => {
    const before = stored({
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true, later: 1 },
      capabilities: { iotEdge: false, later: 2 },
    });
    const after = withSettings(before, { reprovision: "never", edgeEnabled: true });
    expect(after).toMatchObject({
      reprovisionPolicy: { updateHubAssignment: false, later: 1 },
      capabilities: { iotEdge: true, later: 2 },
    });
  });

  it("take out the webhook with the policy that asks it, and change its parts alone", () => {
    const custom = withSettings(stored(), {
      allocationPolicy: "custom",
      webhookUrl: "https://f.example/x",
    });
    expect(custom.customAllocationDefinition).toEqual({
      webhookUrl: "https://f.example/x",
      apiVersion: "2021-10-01",
    });
    const older = withSettings(custom, { webhookApiVersion: "2019-03-31" });
    expect(older.customAllocationDefinition).toEqual({
      webhookUrl: "https://f.example/x",
      apiVersion: "2019-03-31",
    });
    expect(
      withSettings(older, { webhookUrl: "https://g.example" }).customAllocationDefinition,
    ).toEqual({ webhookUrl: "https://g.example", apiVersion: "2019-03-31" });
    const hashed = withSettings(older, { allocationPolicy: "hashed" });
    expect(hashed.customAllocationDefinition).toBeNull();
  });
});

describe("the attestation", () => {
  const info = { subjectName: "CN=a", sha256Thumbprint: "AA" };
  const trusting = {
    type: "x509" as const,
    x509: { signingCertificates: { primary: { info }, secondary: { info } } },
  } as EnrollmentGroup["attestation"];

  it("changes only the slot that is given", () => {
    const after = withAttestation(trusting, { kind: "signingCertificates", secondary: "PEM" });
    expect(after.x509).toEqual({
      signingCertificates: { primary: { info }, secondary: { certificate: "PEM" } },
    });
    const other = withAttestation(trusting, { kind: "signingCertificates", primary: "PEM" });
    expect(other.x509).toEqual({
      signingCertificates: { primary: { certificate: "PEM" }, secondary: { info } },
    });
  });

  it("loses its secondary where that is to be removed", () => {
    const given = { kind: "signingCertificates", primary: "PEM", removeSecondary: true } as const;
    expect(withAttestation(trusting, given).x509).toEqual({
      signingCertificates: { primary: { certificate: "PEM" } },
    });
  });

  it("is another as a whole where another kind is given", () => {
    const given = { kind: "caReferences", primary: "root" } as const;
    expect(withAttestation(trusting, given)).toEqual({
      type: "x509",
      x509: { caReferences: { primary: "root" } },
    });
    expect(withAttestation(trusting, { kind: "symmetricKey" })).toEqual({ type: "symmetricKey" });
    expect(withAttestation(trusting, { kind: "tpm", endorsementKey: "EK" })).toEqual({
      type: "tpm",
      tpm: { endorsementKey: "EK" },
    });
  });

  it("keeps the symmetric key that is not given", () => {
    const keyed = {
      type: "symmetricKey" as const,
      symmetricKey: { primaryKey: "P", secondaryKey: "S" },
    };
    expect(withAttestation(keyed, { kind: "symmetricKey", secondaryKey: "N" })).toEqual({
      type: "symmetricKey",
      symmetricKey: { primaryKey: "P", secondaryKey: "N" },
    });
  });

  it("keeps what a newer service says of the same kind, and nothing of another's", () => {
    const x509 = { ...trusting.x509, depth: 2 };
    const newer: EnrollmentGroup["attestation"] = { ...trusting, policy: "p", x509 };
    const given = { kind: "signingCertificates", primary: "PEM" } as const;
    expect(withAttestation(newer, given)).toMatchObject({ policy: "p", x509: { depth: 2 } });
    expect(withAttestation(newer, { kind: "caReferences", primary: "root" })).toEqual({
      type: "x509",
      x509: { caReferences: { primary: "root" } },
    });
  });

  it("keeps the storage root key of the same TPM alone", () => {
    const tpm = { endorsementKey: "EK", storageRootKey: "SRK" };
    const stored = { type: "tpm" as const, tpm };
    const given = (endorsementKey: string) =>
      withAttestation(stored, { kind: "tpm", endorsementKey }).tpm;
    expect(given("EK")).toEqual(tpm);
    expect(given("OTHER")).toEqual({ endorsementKey: "OTHER" });
  });
});
