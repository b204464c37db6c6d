import { describe, expect, it } from "vitest";
import { CertificateResponse } from "./certificates.ts";
import { EnrollmentGroup } from "./enrollments.ts";
import {
  ProvisioningServiceDescription,
  ProvisioningServiceUpdate,
} from "./provisioning-service.ts";
import { RegistrationOperationStatus } from "./registrations.ts";
import { parseWire, WireError, wireProblems } from "./schema.ts";

const group = {
  enrollmentGroupId: "g",
  attestation: { type: "x509", x509: { signingCertificates: { primary: { certificate: null } } } },
  provisioningStatus: null,
  somethingNewer: { a: 1 },
};

const refusal = (value: unknown): WireError => {
  try {
    parseWire(EnrollmentGroup, value, "an enrollment group");
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("was not refused");
};

describe("an object of the wire", () => {
  it("keeps members that a newer service sends", () => {
    expect(parseWire(EnrollmentGroup, group, "an enrollment group")).toEqual(group);
  });

  it("is refused with the path of its first wrong member", () => {
    const attestation = { type: "x509", x509: { signingCertificates: { primary: { info: 7 } } } };
    const error = refusal({ ...group, attestation });
    expect(error.path).toBe("attestation.x509.signingCertificates.primary.info");
    expect(error.message).toContain("not an enrollment group");
  });

  it("is refused when it is no object at all", () => {
    expect(refusal("text").path).toBe("");
    expect(refusal("text").message).toContain("the value");
  });

  it("is never quoted in the error", () => {
    const attestation = { type: ["a-secret-key"] };
    expect(refusal({ ...group, attestation }).message).not.toContain("a-secret-key");
  });

  it("is described by every wrong member, where all are asked for", () => {
    const wrong = { attestation: { type: 7 }, iotHubs: "s3cret" };
    expect(wireProblems(EnrollmentGroup, wrong)).toEqual([
      { path: "enrollmentGroupId", expected: "present" },
      { path: "attestation.type", expected: "string" },
      { path: "iotHubs", expected: "Array" },
    ]);
    expect(wireProblems(EnrollmentGroup, group)).toEqual([]);
  });

  it("may carry the nulls of the recorded service", () => {
    // Shape of a recorded 2021-10-15 answer.
    const recorded = {
      properties: {
        subject: "TESTCERT",
        expiry: "Fri, 06 May 2022 17:50:01 GMT",
        thumbprint: "D0529BF2D7CAF23CC15506B2A7F0F08F27A428A0",
        isVerified: false,
        created: "Mon, 01 Jan 0001 00:00:00 GMT",
        updated: "Tue, 03 May 2022 17:50:03 GMT",
        certificate: null,
      },
      id: "/subscriptions/0/…",
      name: "certificate000003",
      type: "Microsoft.Devices/provisioningServices/Certificates",
      etag: "IjA1MDA2YmVhIg==",
    };
    expect(parseWire(CertificateResponse, recorded, "a certificate")).toEqual(recorded);
  });

  it("may name an allocation policy of a newer service in an answer, and not in a change", () => {
    const service = {
      ...{
        id: "i",
        name: "n",
        type: "t",
        location: "l",
        etag: "e",
        sku: { name: "S1", capacity: 1 },
      },
      properties: { allocationPolicy: "Nearest" },
    };
    expect(parseWire(ProvisioningServiceDescription, service, "a service")).toEqual(service);
    expect(wireProblems(ProvisioningServiceUpdate, service)).toMatchObject([
      { path: "properties.allocationPolicy" },
    ]);
  });

  it("may leave the registration state out while a device is being assigned", () => {
    const answer = { operationId: "5.0.x", status: "assigning" };
    expect(parseWire(RegistrationOperationStatus, answer, "an operation")).toEqual(answer);
  });
});
