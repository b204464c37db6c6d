import {
  API_VERSION,
  DeviceRegistrationState,
  idProblem,
  RegistrationOperationStatus,
} from "@dps-certs/dps-protocol";
import { type Authorize, anonymous } from "./authorization.ts";
import { checked, requireMilliseconds, requireValid } from "./checked.ts";
import { CLOUDS } from "./clouds.ts";
import { type DeviceAttestation, deviceAuthorizer } from "./device-attestation.ts";
import { parseEndpoint, pathSegment } from "./endpoint.ts";
import { DpsClientError } from "./errors.ts";
import type { Answer } from "./http-failure.ts";
import type { CallOptions, TransportOptions } from "./options.ts";
import { registrationOutcome } from "./registration-outcome.ts";
import { retryAfterOf } from "./retry.ts";
import { SYSTEM_RUNTIME } from "./runtime.ts";
import { createTransport, type TimeLimit, type Transport } from "./transport.ts";
import { createTurns, DEFAULT_CONCURRENCY, type Turns } from "./turns.ts";

export const DEVICE_ENDPOINT: string = CLOUDS.AzureCloud.deviceEndpoint;
/** Milliseconds between polls where the service names none. */
export const DEFAULT_POLL_MS = 2_000;
/** Milliseconds that a registration may take as a whole. */
export const DEFAULT_REGISTRATION_MS = 60_000;

/**
 * Registrations begun for each request that may be under way: most of a registration is waiting for
 * the next poll. With more of them, polls would come too late.
 */
const REGISTRATIONS_PER_REQUEST = 4;

export interface RegistrationClientSettings extends TransportOptions {
  /** @default "https://global.azure-devices-provisioning.net" */
  endpoint?: string | undefined;
  /** ID scope of the provisioning service. */
  idScope: string;
  /** @default API_VERSION.device */
  apiVersion?: string | undefined;
}

export type RegistrationClientOptions = RegistrationClientSettings & DeviceAttestation;

export interface RegisterOptions extends CallOptions {
  /** Handed to a custom allocation function; any JSON value. */
  payload?: unknown;
  /**
   * Milliseconds that the registration may take as a whole, polls and retries included. They begin
   * when it is its turn; a signal ends it before.
   * @default 60_000
   */
  timeout?: number | undefined;
}

/**
 * A device, which registers over HTTPS with its TLS client certificate or its symmetric key; with the
 * key of a group, any device of that group.
 */
export class RegistrationClient {
  readonly #transport: Transport;
  readonly #scope: string;
  readonly #authorizer: (registrationId: string) => Authorize;
  readonly #turns: Turns;

  /**
   * @throws {DpsClientError} `invalid-certificate` if key and certificate are no pair,
   *   `invalid-argument` for a symmetric key that is not base64
   */
  constructor(options: RegistrationClientOptions) {
    this.#turns = createTurns(
      (options.concurrency ?? DEFAULT_CONCURRENCY) * REGISTRATIONS_PER_REQUEST,
    );
    this.#scope = pathSegment(options.idScope, "the ID scope");
    const now = options.runtime?.now ?? SYSTEM_RUNTIME.now;
    this.#authorizer = deviceAuthorizer(options.idScope, options, now);
    this.#transport = createTransport({
      plane: "device",
      endpoint: parseEndpoint(options.endpoint ?? DEVICE_ENDPOINT),
      apiVersion: options.apiVersion ?? API_VERSION.device,
      authorize: anonymous,
      clientCertificate: options.certificate,
      options,
    });
  }

  /**
   * Registers the device and waits until it is assigned, polling as often as the service says
   * (Retry-After; 0 means at once).
   *
   * @param registrationId must equal the common name of the certificate
   * @returns the final state, whose status is "assigned"
   * @throws {DpsClientError} `unauthorized`, `registration-disabled`, `registration-failed`,
   *   `timeout`
   */
  async register(
    registrationId: string,
    options: RegisterOptions = {},
  ): Promise<DeviceRegistrationState> {
    requireValid(idProblem(registrationId), "registration id", registrationId);
    requireMilliseconds(options.timeout ?? DEFAULT_REGISTRATION_MS, "timeout");
    return await this.#turns(`register ${registrationId}`, options.signal, () =>
      this.#register(registrationId, options),
    );
  }

  async #register(
    registrationId: string,
    { payload, signal, timeout: ms = DEFAULT_REGISTRATION_MS }: RegisterOptions,
  ): Promise<DeviceRegistrationState> {
    const what = `register ${registrationId}`;
    const path = this.#path(registrationId);
    const timeLimit: TimeLimit = { ms };
    const authorize = this.#authorizer(registrationId);
    const common = { what, authorize, signal, timeLimit };
    let answer = await this.#transport.send({
      ...common,
      method: "PUT",
      path: `${path}/register`,
      body: { registrationId, ...(payload === undefined ? {} : { payload }) },
    });
    for (;;) {
      const operation = checked(
        RegistrationOperationStatus,
        answer.body,
        "a registration operation",
        what,
      );
      const secrets = (await authorize())?.secrets;
      const state = registrationOutcome(what, operation, secrets);
      if (state !== undefined) return state;
      const operationId = pathSegment(operation.operationId, "operationId");
      await this.#wait(what, answer, timeLimit, signal);
      answer = await this.#transport.send({
        ...common,
        method: "GET",
        path: `${path}/operations/${operationId}`,
        // Polls have a limit of their own, by device, which Retry-After keeps.
        unmetered: true,
      });
    }
  }

  /**
   * What the service holds of the device's last registration, without registering it.
   *
   * @throws {DpsClientError} `not-found` for a device that never registered, `unauthorized`
   */
  async lookup(
    registrationId: string,
    { signal }: CallOptions = {},
  ): Promise<DeviceRegistrationState> {
    requireValid(idProblem(registrationId), "registration id", registrationId);
    const what = `look up registration ${registrationId}`;
    const { body } = await this.#transport.send({
      what,
      method: "POST",
      path: this.#path(registrationId),
      body: { registrationId },
      authorize: this.#authorizer(registrationId),
      signal,
    });
    return checked(DeviceRegistrationState, body, "a registration", what);
  }

  #path(registrationId: string): string {
    return `/${this.#scope}/registrations/${pathSegment(registrationId, "an id")}`;
  }

  async #wait(
    what: string,
    { headers }: Answer,
    { endsAt = Number.POSITIVE_INFINITY }: TimeLimit,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const now = this.#transport.runtime.now();
    const ms = retryAfterOf(headers, now) ?? DEFAULT_POLL_MS;
    if (now + ms >= endsAt) {
      throw new DpsClientError("timeout", `${what}: still being assigned at the time limit`, {
        hint: "Registering again is safe; allow it more time if the service is busy.",
      });
    }
    await this.#transport.pause(ms, what, signal);
  }

  /** Closes the client's connections; requests under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
