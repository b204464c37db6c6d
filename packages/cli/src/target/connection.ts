import {
  CertificatesClient,
  type ClientCertificate,
  EnrollmentClient,
  type RateLimit,
  RegistrationClient,
  type Runtime,
  staticToken,
  type TransportOptions,
} from "@dps-certs/dps-client";
import type { EmulatorAccess } from "./access.ts";
import type { Certificates } from "./lazy-certificates.ts";

/** How long and how often clients try. */
export type Patience = Pick<TransportOptions, "retry" | "timeoutMs">;

/** Clients of one service. */
export interface Connection {
  /** Where a connection string is all there is, every call says what else is needed. */
  certificates: Certificates;
  enrollments: EnrollmentClient;
  /**
   * A client for one device; the caller closes it.
   *
   * @throws {CliError} `target` where the ID scope is not known
   */
  deviceClient: (device: ClientCertificate, runtime?: Partial<Runtime>) => RegistrationClient;
  /** What the service takes of registrations; undefined where it takes what comes. */
  registrationRate?: Readonly<RateLimit>;
  /** Undefined where only a connection string is given. */
  idScope: string | undefined;
  hostName: string;
  close: () => Promise<void>;
}

/** What the emulator's clients need, but for certificates. */
export type ServedService = Pick<
  EmulatorAccess,
  "connectionString" | "hostName" | "idScope" | "url"
>;

/** Clients of an emulator. What happens on `close` after theirs is up to whoever started it. */
export function connectEmulator(
  access: Omit<EmulatorAccess, "caFile" | "nonce" | "pid">,
  ca: string,
  closeEmulator: () => Promise<void> = () => Promise.resolve(),
  patience: Patience = {},
): Connection {
  const certificates = new CertificatesClient({
    ...patience,
    endpoint: access.managementUrl,
    resource: access,
    credential: staticToken(access.armToken),
    ca,
  });
  const close = async () => {
    await certificates.close();
    await closeEmulator();
  };
  return connectServed(access, ca, certificates, close, patience);
}

/** @param close - ends what the other clients do not */
export function connectServed(
  { url, connectionString, idScope, hostName }: ServedService,
  ca: string,
  certificates: Certificates,
  close: () => Promise<void>,
  patience: Patience = {},
): Connection {
  // The service's limit is no emulator's.
  const options = { ...patience, endpoint: url, ca, rate: false } as const;
  const enrollments = EnrollmentClient.fromConnectionString(connectionString, options);
  return {
    certificates,
    enrollments,
    deviceClient: (certificate, runtime) =>
      new RegistrationClient({ ...options, idScope, certificate, runtime }),
    idScope,
    hostName,
    close: async () => {
      await enrollments.close();
      await close();
    },
  };
}
