import { describe, expect, it } from "vitest";
import {
  EnrollmentGroup,
  EnrollmentGroupBody,
  IndividualEnrollment,
  IndividualEnrollmentBody,
  QuerySpecification,
} from "./enrollments.ts";
import { DeviceRegistrationState } from "./registrations.ts";
import { parseWire } from "./schema.ts";
import { pathOf } from "./testing/path-of.ts";

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
    [{ initialTwin: { tags: 7 } }, "initialTwin.tags"],
    [{ initialTwin: { properties: { desired: "x" } } }, "initialTwin.properties.desired"],
    [{ reprovisionPolicy: { migrateDeviceData: "yes" } }, "reprovisionPolicy.migrateDeviceData"],
    [{ optionalDeviceInformation: 7 }, "optionalDeviceInformation"],
    [{ registrationState: { status: 7 } }, "registrationState.status"],
    [{ iotHubs: "hub" }, "iotHubs"],
    [{ iotHubs: [7] }, "iotHubs.0"],
    [{ capabilities: { iotEdge: "yes" } }, "capabilities.iotEdge"],
    [{ customAllocationDefinition: { webhookUrl: "x" } }, "customAllocationDefinition.apiVersion"],
    [{ deviceId: 7 }, "deviceId"],
  ])("is refused with %j at %s", (members, path) => {
    expect(pathOf(IndividualEnrollment, { registrationId: "d", ...common, ...members })).toBe(path);
  });

  it("may have names in an answer that a newer service has, and not in what a service takes", () => {
    const group = {
      enrollmentGroupId: "g",
      attestation: { type: "passkey" },
      provisioningStatus: "paused",
      allocationPolicy: "nearest",
    };
    expect(parseWire(EnrollmentGroup, group, "x")).toEqual(group);
    expect(pathOf(EnrollmentGroupBody, group)).toBe("attestation.type");
    const paused = { registrationId: "d", attestation, provisioningStatus: "paused" };
    expect(pathOf(IndividualEnrollmentBody, paused)).toBe("provisioningStatus");
  });

  it("takes no prototype from its text", () => {
    const text =
      '{"registrationId":"d","attestation":{"type":"none"},"__proto__":{"deviceId":"e"}}';
    expect(parseWire(IndividualEnrollment, JSON.parse(text), "x").deviceId).toBeUndefined();
  });
});

describe("a query", () => {
  it("is a text", () => {
    expect(pathOf(QuerySpecification, {})).toBe("query");
    expect(pathOf(QuerySpecification, { query: { query: "*" } })).toBe("query");
  });
});

describe("a registration", () => {
  it("says how the device showed who it is, with what a webhook answered", () => {
    const state = {
      registrationId: "d",
      status: "assigned",
      substatus: "initialAssignment",
      x509: { enrollmentGroupId: "g", certificateInfo: { subjectName: "CN=d" } },
      symmetricKey: { enrollmentGroupId: "g" },
      tpm: { authenticationKey: "x" },
      payload: { any: ["thing"] },
    };
    expect(parseWire(DeviceRegistrationState, state, "x")).toEqual(state);
    expect(parseWire(DeviceRegistrationState, { x509: {} }, "x")).toEqual({ x509: {} });
    expect(parseWire(DeviceRegistrationState, { status: "paused" }, "x")).toBeDefined();
    expect(pathOf(DeviceRegistrationState, { tpm: { authenticationKey: 7 } })).toBe(
      "tpm.authenticationKey",
    );
  });
});
