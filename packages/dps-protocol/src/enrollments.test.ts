import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  AttestationMechanism,
  BulkEnrollmentGroupOperation,
  BulkEnrollmentOperation,
  BulkOperationResult,
  EnrollmentGroup,
  IndividualEnrollment,
  QuerySpecification,
} from "./enrollments.ts";
import { parseWire, WireError } from "./schema.ts";

type Schema = Parameters<typeof parseWire>[0];
const pathOf = (schema: Schema, value: unknown): string => {
  try {
    parseWire(schema, value, "an object");
  } catch (error) {
    if (error instanceof WireError) return error.path;
    throw error;
  }
  throw new Error("was not refused");
};
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
const pair = { primary: { certificate: null, info }, secondary: null };

describe("an attestation", () => {
  it.each([
    { type: "none" },
    { type: "symmetricKey" },
    { type: "symmetricKey", symmetricKey: { primaryKey: null, secondaryKey: "x" } },
    { type: "tpm", tpm: { endorsementKey: "x", storageRootKey: null } },
    { type: "x509", x509: { clientCertificates: pair }, tpm: null, symmetricKey: null },
    { type: "x509", x509: { signingCertificates: pair, caReferences: null } },
    { type: "x509", x509: { caReferences: { primary: "root", secondary: null } } },
    { type: "x509", x509: { somethingNew: 1 }, somethingNewer: {} },
  ])("may be %j, and stays as it is", (attestation) => {
    expect(parseWire(AttestationMechanism, attestation, "x")).toEqual(attestation);
  });

  it.each([
    [{}, "type"],
    [{ type: "password" }, "type"],
    [{ type: "tpm", tpm: {} }, "tpm.endorsementKey"],
    [{ type: "symmetricKey", symmetricKey: { primaryKey: 7 } }, "symmetricKey.primaryKey"],
    [{ type: "x509", x509: { caReferences: "root" } }, "x509.caReferences"],
    [
      { type: "x509", x509: { clientCertificates: { primary: { certificate: {} } } } },
      "x509.clientCertificates.primary.certificate",
    ],
  ])("%j is refused at %s", (attestation, path) => {
    expect(pathOf(AttestationMechanism, attestation)).toBe(path);
  });

  test.prop([fc.string({ minLength: 12 })])("is never quoted when a key is wrong", (key) => {
    const wrong = { type: "symmetricKey", symmetricKey: { primaryKey: [key] } };
    try {
      parseWire(AttestationMechanism, wrong, "an attestation");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
      expect((error as WireError).message).toBe(
        'not an attestation: "symmetricKey.primaryKey" must be string',
      );
    }
  });
});

describe("an enrollment", () => {
  const attestation = { type: "symmetricKey" };
  const common = {
    attestation,
    provisioningStatus: null,
    capabilities: { iotEdge: true },
    initialTwin: { tags: { a: 1 }, properties: { desired: {} } },
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
    iotHubs: null,
    customAllocationDefinition: { webhookUrl: "https://x.example/", apiVersion: "2021-10-01" },
  };

  it("of a device has a registration id, a group its own id, and both all other members", () => {
    const individual = { registrationId: "d", deviceId: null, ...common, registrationState: {} };
    expect(parseWire(IndividualEnrollment, individual, "x")).toEqual(individual);
    const group = { enrollmentGroupId: "g", ...common };
    expect(parseWire(EnrollmentGroup, group, "x")).toEqual(group);
    expect(pathOf(IndividualEnrollment, group)).toBe("registrationId");
    expect(pathOf(EnrollmentGroup, individual)).toBe("enrollmentGroupId");
  });

  it.each([
    [{ attestation: undefined }, "attestation"],
    [{ provisioningStatus: "paused" }, "provisioningStatus"],
    [{ iotHubs: "hub" }, "iotHubs"],
    [{ iotHubs: [7] }, "iotHubs.0"],
    [{ capabilities: { iotEdge: "yes" } }, "capabilities.iotEdge"],
    [{ customAllocationDefinition: { webhookUrl: "x" } }, "customAllocationDefinition.apiVersion"],
    [{ deviceId: 7 }, "deviceId"],
  ])("is refused with %j at %s", (members, path) => {
    expect(pathOf(IndividualEnrollment, { registrationId: "d", ...common, ...members })).toBe(path);
  });

  it("takes no prototype from its text", () => {
    const text =
      '{"registrationId":"d","attestation":{"type":"none"},"__proto__":{"deviceId":"e"}}';
    expect(parseWire(IndividualEnrollment, JSON.parse(text), "x").deviceId).toBeUndefined();
  });
});

describe("a bulk operation", () => {
  it("has items with ids; what is wrong in one of them is that item's own error", () => {
    const enrollments = [{ registrationId: "d", attestation: 7 }];
    const operation = { mode: "create", enrollments };
    expect(parseWire(BulkEnrollmentOperation, operation, "x")).toEqual(operation);
    const nameless = { mode: "create", enrollments: [{ attestation: {} }] };
    expect(pathOf(BulkEnrollmentOperation, nameless)).toBe("enrollments.0.registrationId");
    const other = { mode: "create", enrollmentGroups: [{ enrollmentGroupId: "g", etag: 7 }] };
    expect(pathOf(BulkEnrollmentGroupOperation, other)).toBe("enrollmentGroups.0.etag");
  });

  it.each([
    { isSuccessful: true },
    { isSuccessful: true, errors: [] },
    {
      isSuccessful: false,
      errors: [{ registrationId: "d", errorCode: 409201, errorStatus: "exists" }],
    },
    {
      isSuccessful: false,
      errors: [{ enrollmentGroupId: "g", errorCode: 409202, errorStatus: "exists" }],
    },
  ])("may be answered %j", (result) => {
    expect(parseWire(BulkOperationResult, result, "x")).toEqual(result);
  });
});

describe("a query", () => {
  it("is a text", () => {
    expect(pathOf(QuerySpecification, {})).toBe("query");
    expect(pathOf(QuerySpecification, { query: { query: "*" } })).toBe("query");
  });
});
