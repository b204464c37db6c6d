import type { TokenCredential } from "@azure/core-auth";
import {
  API_VERSION,
  ConnectionStringError,
  DeviceRegistrationState,
  DeviceRegistrationStateList,
  EnrollmentGroup,
  EnrollmentGroupList,
  idProblem,
  parseConnectionString,
  type ServiceConnectionString,
} from "@dps-certs/dps-protocol";
import {
  type Authorize,
  bearerAuthorization,
  type SasPolicy,
  sasAuthorization,
} from "./authorization.ts";
import { checked, orUndefined, requireValid, settleLost } from "./checked.ts";
import { parseEndpoint, pathSegment } from "./endpoint.ts";
import { clientError, isDpsClientError } from "./errors.ts";
import type { CallOptions, ConditionalOptions, TransportOptions } from "./options.ts";
import { pages, type QueryOptions } from "./pages.ts";
import { reflects } from "./reflects.ts";
import { SYSTEM_RUNTIME } from "./runtime.ts";
import { createTransport, type Transport } from "./transport.ts";

export const SERVICE_SCOPE = "https://azure-devices-provisioning.net/.default";

interface ServicePlaneOptions extends TransportOptions {
  /** @default API_VERSION.service */
  apiVersion?: string | undefined;
}

export interface EnrollmentClientOptions extends ServicePlaneOptions {
  /** URL of the service: `https://NAME.azure-devices-provisioning.net`. */
  endpoint: string;
  /** A shared access policy, or Entra ID. */
  credential: SasPolicy | TokenCredential;
  /**
   * Host that SAS tokens are signed for.
   * @default the endpoint's host, with its port where it has one
   */
  sasResource?: string | undefined;
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
  return "getToken" in credential
    ? bearerAuthorization(credential, SERVICE_SCOPE, now)
    : sasAuthorization(credential, options.sasResource ?? endpoint.host, now);
}

function readConnectionString(text: string): ServiceConnectionString {
  try {
    return parseConnectionString(text);
  } catch (cause) {
    if (!(cause instanceof ConnectionStringError)) throw cause;
    throw clientError("invalid-argument", cause.message, { cause });
  }
}

/** Enrollment groups and registration records, through the service's data plane. */
export class EnrollmentClient {
  readonly #transport: Transport;

  constructor(options: EnrollmentClientOptions) {
    const endpoint = parseEndpoint(options.endpoint);
    this.#transport = createTransport({
      plane: "service",
      endpoint,
      apiVersion: options.apiVersion ?? API_VERSION.service,
      authorize: authorizeBy(options, endpoint),
      options,
    });
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

  #path(collection: string, id: string): string {
    requireValid(idProblem(id), "id", id);
    return `/${collection}/${pathSegment(id, "an id")}`;
  }

  /** @throws {DpsClientError} `not-found` */
  async getGroup(id: string, { signal }: CallOptions = {}): Promise<EnrollmentGroup> {
    const what = `get enrollment group ${id}`;
    const path = this.#path("enrollmentGroups", id);
    const { body } = await this.#transport.send({ what, method: "GET", path, signal });
    return checked(EnrollmentGroup, body, "an enrollment group", what);
  }

  /** As `getGroup`, with undefined for one that is not there. */
  findGroup(id: string, options?: CallOptions): Promise<EnrollmentGroup | undefined> {
    return orUndefined(this.getGroup(id, options));
  }

  /**
   * Creates a group, or changes one: without `ifMatch` the service refuses an id that exists. An
   * `etag` in the group's body is no condition. What is not known here is sent as it is, so a group
   * may be read, changed and put back.
   *
   * @throws {DpsClientError} `conflict` if it exists, `etag-mismatch` if it was changed meanwhile
   */
  createOrUpdateGroup(
    group: EnrollmentGroup,
    { ifMatch, signal }: ConditionalOptions = {},
  ): Promise<EnrollmentGroup> {
    const id = group.enrollmentGroupId;
    const what = `${ifMatch === undefined ? "create" : "update"} enrollment group ${id}`;
    return settleLost(
      async () => {
        const { body } = await this.#transport.send({
          what,
          method: "PUT",
          path: this.#path("enrollmentGroups", id),
          headers: { "if-match": ifMatch },
          body: group,
          signal,
        });
        return checked(EnrollmentGroup, body, "an enrollment group", what);
      },
      async () => {
        const stored = await this.findGroup(id, { signal });
        return stored !== undefined && reflects({ ...group, enrollmentGroupId: null }, stored)
          ? stored
          : undefined;
      },
    );
  }

  /** @throws {DpsClientError} `not-found`, `etag-mismatch` */
  deleteGroup(id: string, options: ConditionalOptions = {}): Promise<void> {
    return this.#delete("enrollmentGroups", id, `delete enrollment group ${id}`, options);
  }

  /** All groups, page by page as they are asked for, in the service's order. */
  queryGroups(options: QueryOptions = {}): AsyncGenerator<EnrollmentGroup, void, undefined> {
    const what = "list enrollment groups";
    const query = { what, path: "/enrollmentGroups/query", body: { query: "SELECT *" } };
    return pages(this.#transport, query, options, (body) =>
      checked(EnrollmentGroupList, body, "a list of enrollment groups", what),
    );
  }

  /** @throws {DpsClientError} `not-found` */
  async getRegistration(
    id: string,
    { signal }: CallOptions = {},
  ): Promise<DeviceRegistrationState> {
    const what = `get registration ${id}`;
    const path = this.#path("registrations", id);
    const { body } = await this.#transport.send({ what, method: "GET", path, signal });
    return checked(DeviceRegistrationState, body, "a registration", what);
  }

  /** As `getRegistration`, with undefined for one that is not there. */
  findRegistration(
    id: string,
    options?: CallOptions,
  ): Promise<DeviceRegistrationState | undefined> {
    return orUndefined(this.getRegistration(id, options));
  }

  /** @throws {DpsClientError} `not-found`, `etag-mismatch` */
  deleteRegistration(id: string, options: ConditionalOptions = {}): Promise<void> {
    return this.#delete("registrations", id, `delete registration ${id}`, options);
  }

  /** The registrations of a group, page by page as they are asked for. */
  queryRegistrations(
    groupId: string,
    options: QueryOptions = {},
  ): AsyncGenerator<DeviceRegistrationState, void, undefined> {
    const what = `list registrations of enrollment group ${groupId}`;
    const query = { what, path: `${this.#path("registrations", groupId)}/query` };
    return pages(this.#transport, query, options, (body) =>
      checked(DeviceRegistrationStateList, body, "a list of registrations", what),
    );
  }

  async #delete(
    collection: string,
    id: string,
    what: string,
    { ifMatch, signal }: ConditionalOptions,
  ): Promise<void> {
    const path = this.#path(collection, id);
    const headers = { "if-match": ifMatch };
    try {
      await this.#transport.send({ what, method: "DELETE", path, headers, signal });
    } catch (error) {
      // Sent twice because the first answer was lost: the first did it.
      if (!(isDpsClientError(error, "not-found") && error.maybeApplied)) throw error;
    }
  }

  /** Closes the client's connections; requests under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
