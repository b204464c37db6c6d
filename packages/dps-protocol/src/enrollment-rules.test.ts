import { describe, expect, it } from "vitest";
import { EnrollmentGroupRequest, IndividualEnrollmentRequest } from "./enrollments.ts";
import { wireProblems } from "./schema.ts";

const info = {
  subjectName: "CN=d",
  sha1Thumbprint: "00",
  sha256Thumbprint: "00",
  issuerName: "CN=d",
  notBeforeUtc: "2023-05-19T23:10:35Z",
  notAfterUtc: "2024-05-19T23:10:35Z",
  serialNumber: "01",
  version: 3,
};
const key = (bytes: number) => Buffer.alloc(bytes, 7).toString("base64");
const certificate = { certificate: "PEM" };
const x509 = (members: object) => ({ attestation: { type: "x509", x509: members } });
const keys = (members: object | null) => ({
  attestation: { type: "symmetricKey", symmetricKey: members },
});
const tpm = (members: object) => ({ attestation: { type: "tpm", tpm: members } });
const custom = (members: object = {}) => ({
  allocationPolicy: "custom",
  customAllocationDefinition: {
    webhookUrl: "https://f.example/api?code=x",
    apiVersion: "2021-10-01",
    ...members,
  },
});

const group = (members: object) => ({
  enrollmentGroupId: "g",
  ...x509({ signingCertificates: { primary: certificate } }),
  ...members,
});
const individual = (members: object) => ({
  registrationId: "d",
  ...x509({ clientCertificates: { primary: certificate } }),
  ...members,
});
const pathsOf = (schema: Parameters<typeof wireProblems>[0], value: unknown) =>
  wireProblems(schema, value).map(({ path }) => path);

describe("a request about a group or an enrollment", () => {
  it.each([
    {},
    keys(null),
    keys({}),
    keys({ primaryKey: key(16), secondaryKey: key(64) }),
    keys({ primaryKey: null }),
    x509({ caReferences: { primary: "root", secondary: "root-2" } }),
    { attestation: { type: "none" } },
    { deviceId: "a:b.c+d%e_f#g*h?i!j(k),=@'$", x: 1 },
    { allocationPolicy: "static", iotHubs: ["h.azure-devices.net"], iotHubHostName: "h.example" },
    { allocationPolicy: null, iotHubs: [], iotHubHostName: null },
    custom(),
    custom({ apiVersion: "2018-09-01-preview", webhookUrl: "http://127.0.0.1:8080/" }),
    { capabilities: { iotEdge: false } },
    { reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false } },
    { initialTwin: { tags: { a: 1 }, properties: { desired: null } } },
    { somethingNewer: { allocationPolicy: 7 } },
  ])("may say %j", (members) => {
    expect(pathsOf(EnrollmentGroupRequest, group(members))).toEqual([]);
    expect(pathsOf(IndividualEnrollmentRequest, individual(members))).toEqual([]);
  });

  it.each([
    [keys({ primaryKey: key(15) }), "attestation.symmetricKey.primaryKey"],
    [keys({ secondaryKey: key(65) }), "attestation.symmetricKey.secondaryKey"],
    [keys({ primaryKey: "" }), "attestation.symmetricKey.primaryKey"],
    [x509({ caReferences: { primary: "" } }), "attestation.x509.caReferences.primary"],
    [x509({ caReferences: { secondary: "a" } }), "attestation.x509.caReferences.primary"],
    [x509({ caReferences: { primary: "a/b" } }), "attestation.x509.caReferences.primary"],
    [x509({}), "attestation.x509"],
    [{ attestation: { type: "x509" } }, "attestation.x509"],
    [{ attestation: { type: "symmetricKey", x509: {} } }, "attestation.x509"],
    [{ attestation: { type: "none", tpm: { endorsementKey: "AAAA" } } }, "attestation.tpm"],
    [{ attestation: { type: "passkey" } }, "attestation.type"],
    [{ provisioningStatus: "paused" }, "provisioningStatus"],
    [{ allocationPolicy: "Hashed" }, "allocationPolicy"],
    [{ iotHubs: ["h.example"] }, "allocationPolicy"],
    [{ allocationPolicy: "static", iotHubs: ["https://h.example/"] }, "iotHubs"],
    [{ iotHubHostName: "h.example/x" }, "iotHubHostName"],
    [{ allocationPolicy: "custom" }, "customAllocationDefinition"],
    [custom({ webhookUrl: "http://f.example" }), "customAllocationDefinition.webhookUrl"],
    [custom({ webhookUrl: "https://u:p@f.example" }), "customAllocationDefinition.webhookUrl"],
    [custom({ apiVersion: "2018-08-31" }), "customAllocationDefinition.apiVersion"],
    [custom({ apiVersion: "latest" }), "customAllocationDefinition.apiVersion"],
    [{ capabilities: {} }, "capabilities.iotEdge"],
    [{ reprovisionPolicy: { updateHubAssignment: true } }, "reprovisionPolicy.migrateDeviceData"],
    [{ reprovisionPolicy: { migrateDeviceData: true } }, "reprovisionPolicy.updateHubAssignment"],
    [{ initialTwin: { tags: [] } }, "initialTwin.tags"],
    [{ initialTwin: { properties: { desired: [] } } }, "initialTwin.properties.desired"],
  ])("is refused with %j at %s", (members, path) => {
    expect(pathsOf(EnrollmentGroupRequest, group(members))[0]).toBe(path);
    expect(pathsOf(IndividualEnrollmentRequest, individual(members))[0]).toBe(path);
  });

  it("has either certificates of its own kind or references", () => {
    const pair = { primary: certificate };
    const both = x509({ signingCertificates: pair, caReferences: { primary: "a" } });
    expect(pathsOf(EnrollmentGroupRequest, group(both))).toEqual(["attestation.x509.caReferences"]);
    const client = x509({ clientCertificates: pair });
    expect(pathsOf(EnrollmentGroupRequest, group(client))).toEqual([
      "attestation.x509",
      "attestation.x509.clientCertificates",
    ]);
    expect(pathsOf(IndividualEnrollmentRequest, individual(client))).toEqual([]);
    const signing = x509({ signingCertificates: pair });
    expect(pathsOf(IndividualEnrollmentRequest, individual(signing))).toEqual([
      "attestation.x509",
      "attestation.x509.signingCertificates",
    ]);
  });

  it.each([
    [{ primary: { info } }, []],
    [{ primary: { certificate: null, info }, secondary: null }, []],
    [{ primary: certificate, secondary: {} }, ["secondary"]],
    [{ primary: { certificate: "", info } }, ["primary"]],
    [{ secondary: certificate }, ["primary"]],
  ])("may keep a certificate by the info of it: %j", (pair, slots) => {
    const wrong = pathsOf(EnrollmentGroupRequest, group(x509({ signingCertificates: pair })));
    expect(wrong).toEqual(slots.map((slot) => `attestation.x509.signingCertificates.${slot}`));
  });

  it("is about a TPM only where it is about one device", () => {
    const keysOfTpm = tpm({ endorsementKey: "AAAA", storageRootKey: null });
    expect(pathsOf(IndividualEnrollmentRequest, individual(keysOfTpm))).toEqual([]);
    expect(pathsOf(EnrollmentGroupRequest, group(keysOfTpm))).toEqual(["attestation.type"]);
    expect(
      pathsOf(IndividualEnrollmentRequest, individual({ attestation: { type: "tpm" } })),
    ).toEqual(["attestation.tpm"]);
    const wrong = tpm({ endorsementKey: "not base64", storageRootKey: "nor this" });
    expect(pathsOf(IndividualEnrollmentRequest, individual(wrong))).toEqual([
      "attestation.tpm.endorsementKey",
      "attestation.tpm.storageRootKey",
    ]);
  });

  it.each(["", "a/b", "a.", "é", "x".repeat(129)])("is not about the id %j", (id) => {
    expect(pathsOf(EnrollmentGroupRequest, group({ enrollmentGroupId: id }))).toEqual([
      "enrollmentGroupId",
    ]);
    expect(pathsOf(IndividualEnrollmentRequest, individual({ registrationId: id }))).toEqual([
      "registrationId",
    ]);
  });

  it("gives its device an id that an IoT hub takes", () => {
    for (const deviceId of ["", "a b", "a/b", "x".repeat(129)]) {
      expect(pathsOf(IndividualEnrollmentRequest, individual({ deviceId }))).toEqual(["deviceId"]);
    }
  });

  it("never has a key quoted", () => {
    const wrong = group(keys({ primaryKey: "s3cret" }));
    expect(JSON.stringify(wireProblems(EnrollmentGroupRequest, wrong))).not.toContain("s3cret");
  });
});
