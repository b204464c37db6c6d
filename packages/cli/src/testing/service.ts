/** An emulator with clients of every plane, over its own HTTPS. */

import { exportPrivateKeyPem, type Issuer } from "@dps-certs/ca-tools";
import {
  CertificatesClient,
  type ClientCertificate,
  EnrollmentClient,
  ProvisioningServicesClient,
  RegistrationClient,
  type RegistrationClientOptions,
  staticToken,
} from "@dps-certs/dps-client";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import type { FaultProxy } from "./fault-proxy.ts";
import { PATIENT } from "./patience.ts";

export interface ServiceClients {
  enrollments: EnrollmentClient;
  certificates: CertificatesClient;
  services: ProvisioningServicesClient;
  /** A device, which the caller closes. */
  device: (attestation: object) => RegistrationClient;
  close: () => Promise<void>;
}

export const startService = (): Promise<Emulator> =>
  startEmulator({ inMemory: true, retryAfterSeconds: 0 });

/** @param via - what stands between: clients then try again at once */
export function clientsOf(
  emulator: Emulator,
  via?: Pick<FaultProxy, "caPem" | "url">,
): ServiceClients {
  const { url: endpoint, caPem: ca } = via ?? emulator;
  const options = { endpoint, ca, ...(via && PATIENT) };
  const credential = staticToken(emulator.armToken);
  const enrollments = EnrollmentClient.fromConnectionString(emulator.connectionString, options);
  const certificates = new CertificatesClient({ ...options, resource: emulator, credential });
  const services = new ProvisioningServicesClient({ ...options, credential });
  const { idScope } = emulator;
  return {
    enrollments,
    certificates,
    services,
    device: (attestation) =>
      new RegistrationClient({ ...options, idScope, ...attestation } as RegistrationClientOptions),
    close: async () => {
      await Promise.all([enrollments.close(), certificates.close(), services.close()]);
    },
  };
}

/** What a device shows: its certificate, then those above it. */
export const certificateOf = (device: Issuer, ...above: readonly Issuer[]): ClientCertificate => ({
  chainPem: [device, ...above].map(({ certificate }) => certificate.pem).join("\n"),
  keyPem: exportPrivateKeyPem(device.privateKey),
});

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
