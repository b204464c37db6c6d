import { X509Certificate } from "node:crypto";
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import {
  type ConnectionStringOptions,
  EnrollmentClient,
} from "../enrollments/enrollment-client.ts";
import { fakeRuntime } from "./fake-runtime.ts";
import { TEST_KEY } from "./sas-vectors.ts";
import { type ScriptedService, scriptedService } from "./scripted-service.ts";

export const HOST = "mydps.azure-devices-provisioning.net";
export const CONNECTION_STRING: string = `HostName=${HOST};SharedAccessKeyName=owner;SharedAccessKey=${TEST_KEY}`;

/** A client of a service that answers `steps`. */
export function clientFor(
  steps: Parameters<typeof scriptedService>[1],
  options: ConnectionStringOptions = {},
): ScriptedService & { client: EnrollmentClient } {
  const service = scriptedService(options.endpoint ?? `https://${HOST}`, steps);
  const client = EnrollmentClient.fromConnectionString(CONNECTION_STRING, {
    dispatcher: service.dispatcher,
    runtime: fakeRuntime(),
    ...options,
  });
  return { ...service, client };
}

/** A certificate as the service answers it. */
export function infoOf(pem: string): {
  info: Record<"subjectName" | "sha1Thumbprint" | "sha256Thumbprint" | "issuerName", string> &
    Record<"notBeforeUtc" | "notAfterUtc" | "serialNumber", string> & { version: number };
} {
  const { fingerprint256 } = new X509Certificate(pem);
  const info = {
    subjectName: "CN=root",
    sha1Thumbprint: "00",
    sha256Thumbprint: fingerprint256.replaceAll(":", ""),
    issuerName: "CN=root",
    notBeforeUtc: "2023-05-19T23:10:35Z",
    notAfterUtc: "2033-05-19T23:10:35Z",
    serialNumber: "01",
    version: 3,
  };
  return { info };
}

/** A group as a client sends it. */
export function wantedGroup(pem: string): EnrollmentGroup {
  return {
    enrollmentGroupId: "Thermostats",
    provisioningStatus: "enabled",
    attestation: {
      type: "x509",
      x509: { signingCertificates: { primary: { certificate: pem } } },
    },
  };
}

/** That group as the service answers it: the certificate only as `info`. */
export function storedGroup(pem: string, more: Record<string, unknown> = {}): EnrollmentGroup {
  return {
    enrollmentGroupId: "thermostats",
    attestation: { type: "x509", x509: { signingCertificates: { primary: infoOf(pem) } } },
    etag: "e1",
    provisioningStatus: "enabled",
    createdDateTimeUtc: "2023-05-19T23:10:35.7799084Z",
    ...more,
  };
}
