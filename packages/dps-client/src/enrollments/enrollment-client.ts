import type { TokenCredential } from "@azure/core-auth";
import {
  API_VERSION,
  ConnectionStringError,
  type EnrollmentGroup,
  type IndividualEnrollment,
  parseConnectionString,
  type ServiceConnectionString,
} from "@dps-certs/dps-protocol";
import {
  type Authorize,
  bearerAuthorization,
  type SasPolicy,
  sasAuthorization,
} from "../authorization.ts";
import { deferredAuthorization } from "../deferred.ts";
import { parseEndpoint } from "../endpoint.ts";
import { clientError } from "../errors.ts";
import type { TransportOptions } from "../options.ts";
import { SYSTEM_RUNTIME } from "../runtime.ts";
import { createTransport, type Transport } from "../transport.ts";
import type { EnrollmentCollection, RegistrationCollection } from "./collections.ts";
import { enrollmentCollection } from "./enrollment-collection.ts";
import { ENROLLMENTS, GROUPS } from "./kind.ts";
import { registrationCollection } from "./registrations.ts";

export const SERVICE_SCOPE = "https://azure-devices-provisioning.net/.default";

interface ServicePlaneOptions extends TransportOptions {
  /** @default API_VERSION.service */
  apiVersion?: string | undefined;
}

export type ServiceCredential = SasPolicy | TokenCredential;

export interface EnrollmentClientOptions extends ServicePlaneOptions {
  /** URL of the service: `https://NAME.azure-devices-provisioning.net`. */
  endpoint: string;
  /** A shared access policy, or Entra ID; or what chooses one of them when the first request needs it. */
  credential: ServiceCredential | (() => Promise<ServiceCredential>);
  /**
   * Host that SAS tokens are signed for.
   * @default the endpoint's host, with its port where it has one
   */
  sasResource?: string | undefined;
  /**
   * What an Entra ID token is asked for; another cloud may have another (`CLOUDS`).
   * @default "https://azure-devices-provisioning.net/.default"
   */
  scope?: string | undefined;
}

export interface ConnectionStringOptions extends ServicePlaneOptions {
  /**
   * URL to connect to, where the service is reached under another name than its own.
   * @default the connection string's host
   */
  endpoint?: string | undefined;
}

function authorizeBy(options: EnrollmentClientOptions, endpoint: URL): Authorize {
  const { credential } = options;
  const now = options.runtime?.now ?? SYSTEM_RUNTIME.now;
  const by = (one: ServiceCredential) =>
    "getToken" in one
      ? bearerAuthorization(one, options.scope ?? SERVICE_SCOPE, now)
      : sasAuthorization(one, options.sasResource ?? endpoint.host, now);
  if (typeof credential !== "function") return by(credential);
  return deferredAuthorization(async () => by(await credential()));
}

const CONNECTION_STRING_HINT =
  "Take the primary connection string of a policy of the provisioning service: in the portal under Shared access policies, it begins HostName=NAME.azure-devices-provisioning.net.";

function readConnectionString(text: string): ServiceConnectionString {
  let read: ServiceConnectionString;
  try {
    read = parseConnectionString(text);
  } catch (cause) {
    if (!(cause instanceof ConnectionStringError)) throw cause;
    const hint = CONNECTION_STRING_HINT;
    throw clientError("invalid-argument", cause.message, { cause, hint });
  }
  if (!/\.azure-devices\.[a-z]+(:\d+)?$/i.test(read.hostName)) return read;
  throw clientError("invalid-argument", "the connection string is that of an IoT hub", {
    hint: CONNECTION_STRING_HINT,
  });
}

/** Enrollment groups, individual enrollments and registration records, through the service's data plane. */
export class EnrollmentClient {
  readonly #transport: Transport;
  /** Enrollment groups: many devices by what they have in common. */
  readonly groups: EnrollmentCollection<EnrollmentGroup>;
  /** Individual enrollments: one device each. */
  readonly enrollments: EnrollmentCollection<IndividualEnrollment>;
  /** What became of the devices that registered. */
  readonly registrations: RegistrationCollection;

  constructor(options: EnrollmentClientOptions) {
    const endpoint = parseEndpoint(options.endpoint);
    this.#transport = createTransport({
      plane: "service",
      endpoint,
      apiVersion: options.apiVersion ?? API_VERSION.service,
      authorize: authorizeBy(options, endpoint),
      options,
    });
    this.groups = enrollmentCollection(this.#transport, GROUPS);
    this.enrollments = enrollmentCollection(this.#transport, ENROLLMENTS);
    this.registrations = registrationCollection(this.#transport);
  }

  /**
   * @param text `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`
   * @throws {DpsClientError} `invalid-argument`, never quoting the text
   */
  static fromConnectionString(
    text: string,
    options: ConnectionStringOptions = {},
  ): EnrollmentClient {
    const { hostName, sharedAccessKeyName, sharedAccessKey } = readConnectionString(text);
    return new EnrollmentClient({
      ...options,
      endpoint: options.endpoint ?? `https://${hostName}`,
      credential: { keyName: sharedAccessKeyName, key: sharedAccessKey },
      sasResource: hostName,
    });
  }

  /** Closes the client's connections; requests under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
