import type { DeviceIdentity } from "@dps-certs/ca-tools";
import {
  CertificatesClient,
  EnrollmentClient,
  RegistrationClient,
  staticToken,
} from "@dps-certs/dps-client";
import type { EmulatorAccess } from "./access.ts";

/** Clients of one service. */
export interface Connection {
  certificates: CertificatesClient;
  enrollments: EnrollmentClient;
  /** A client for one device; the caller closes it. */
  deviceClient: (device: DeviceIdentity) => RegistrationClient;
  idScope: string;
  hostName: string;
  close: () => Promise<void>;
}

/** Clients of an emulator. What happens on `close` after theirs is up to whoever started it. */
export function connectEmulator(
  access: Omit<EmulatorAccess, "caFile" | "nonce" | "pid">,
  ca: string,
  closeEmulator: () => Promise<void> = () => Promise.resolve(),
): Connection {
  const certificates = new CertificatesClient({
    endpoint: access.managementUrl,
    resource: access,
    credential: staticToken(access.armToken),
    ca,
  });
  const enrollments = EnrollmentClient.fromConnectionString(access.connectionString, {
    endpoint: access.url,
    ca,
  });
  return {
    certificates,
    enrollments,
    deviceClient: (certificate) =>
      new RegistrationClient({ endpoint: access.url, idScope: access.idScope, certificate, ca }),
    idScope: access.idScope,
    hostName: access.hostName,
    close: async () => {
      await Promise.all([certificates.close(), enrollments.close()]);
      await closeEmulator();
    },
  };
}
