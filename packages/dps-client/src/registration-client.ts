import {
  API_VERSION,
  type DeviceRegistrationState,
  idProblem,
  RegistrationOperationStatus,
} from "@dps-certs/dps-protocol";
import { anonymous } from "./authorization.ts";
import { checked, requireMilliseconds, requireValid } from "./checked.ts";
import { parseEndpoint, pathSegment } from "./endpoint.ts";
import { DpsClientError } from "./errors.ts";
import type { Answer } from "./http-failure.ts";
import type { CallOptions, TransportOptions } from "./options.ts";
import { registrationOutcome } from "./registration-outcome.ts";
import { parseRetryAfter } from "./retry.ts";
import type { ClientCertificate } from "./tls-options.ts";
import { createTransport, type Transport } from "./transport.ts";

export const DEVICE_ENDPOINT = "https://global.azure-devices-provisioning.net";
/** Milliseconds between polls where the service names none. */
export const DEFAULT_POLL_MS = 2_000;
/** Milliseconds that a registration may take as a whole. */
export const DEFAULT_REGISTRATION_MS = 60_000;

export interface RegistrationClientOptions extends TransportOptions {
  /** @default "https://global.azure-devices-provisioning.net" */
  endpoint?: string | undefined;
  /** ID scope of the provisioning service. */
  idScope: string;
  /** The device's certificate with its chain, and its key. */
  certificate: ClientCertificate;
  /** @default API_VERSION.device */
  apiVersion?: string | undefined;
}

export interface RegisterOptions extends CallOptions {
  /** Handed to a custom allocation function; any JSON value. */
  payload?: unknown;
  /**
   * Milliseconds that the registration may take as a whole, polls and retries included.
   * @default 60_000
   */
  timeout?: number | undefined;
}

/** A device, which registers over HTTPS with its TLS client certificate. */
export class RegistrationClient {
  readonly #transport: Transport;
  readonly #scope: string;

  /** @throws {DpsClientError} `invalid-certificate` if key and certificate are no pair */
  constructor(options: RegistrationClientOptions) {
    this.#scope = pathSegment(options.idScope, "the ID scope");
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
    const what = `register ${registrationId}`;
    const { payload, signal, timeout = DEFAULT_REGISTRATION_MS } = options;
    requireMilliseconds(timeout, "timeout");
    const deadlineAt = this.#transport.runtime.now() + timeout;
    const path = `/${this.#scope}/registrations/${pathSegment(registrationId, "an id")}`;
    const send = (method: "GET" | "PUT", rest: string, body?: unknown) =>
      this.#transport.send({ what, method, path: path + rest, body, signal, deadlineAt });

    let answer = await send("PUT", "/register", {
      registrationId,
      ...(payload === undefined ? {} : { payload }),
    });
    for (;;) {
      const operation = checked(
        RegistrationOperationStatus,
        answer.body,
        "a registration operation",
        what,
      );
      const state = registrationOutcome(what, operation);
      if (state !== undefined) return state;
      await this.#wait(what, answer, deadlineAt, signal);
      answer = await send(
        "GET",
        `/operations/${pathSegment(operation.operationId, "operationId")}`,
      );
    }
  }

  async #wait(
    what: string,
    { headers }: Answer,
    deadlineAt: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const now = this.#transport.runtime.now();
    const ms = parseRetryAfter(headers["retry-after"], now) ?? DEFAULT_POLL_MS;
    if (now + ms >= deadlineAt) {
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
