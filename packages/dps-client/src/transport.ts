import type { Dispatcher } from "undici";
import { attempt, NOT_JSON } from "./attempt.ts";
import type { Authorization, Authorize } from "./authorization.ts";
import { requireMilliseconds } from "./checked.ts";
import { createDispatcher } from "./dispatcher.ts";
import { DpsClientError } from "./errors.ts";
import { type Failure, failureError } from "./failure.ts";
import type { Plane } from "./hints.ts";
import { type Answer, httpFailure } from "./http-failure.ts";
import type { TransportOptions } from "./options.ts";
import { DEFAULT_RETRY, type RetryPolicy, retryDelay } from "./retry.ts";
import { type Runtime, SYSTEM_RUNTIME } from "./runtime.ts";
import { type ClientCertificate, tlsOptions } from "./tls-options.ts";
import { USER_AGENT } from "./version.ts";

/** Milliseconds that one attempt may take. */
export const DEFAULT_TIMEOUT_MS = 30_000;
/** Largest answer that is read, in bytes: far more than a page of the largest enrollments. */
export const DEFAULT_MAX_RESPONSE_BYTES: number = 4 * 1024 * 1024;

export interface TransportSettings {
  plane: Plane;
  endpoint: URL;
  apiVersion: string;
  authorize: Authorize;
  options: TransportOptions;
  clientCertificate?: ClientCertificate | undefined;
}

export interface TransportRequest {
  /** What is being done, for errors: "get enrollment group a". */
  what: string;
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Already encoded, without a query. */
  path: string;
  headers?: Record<string, string | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Milliseconds since 1970 after which nothing is sent, where that is sooner than the policy's. */
  deadlineAt?: number | undefined;
}

export interface Transport {
  readonly runtime: Runtime;
  /**
   * Sends a request, again where that may help, and returns the 2xx answer.
   *
   * @throws {DpsClientError}
   */
  send: (request: TransportRequest) => Promise<Answer>;
  /** Waits `ms` milliseconds. */
  pause: (ms: number, what: string, signal: AbortSignal | undefined) => Promise<void>;
  close: () => Promise<void>;
}

function encodeRequest(
  { endpoint, apiVersion }: TransportSettings,
  request: TransportRequest,
  authorization: Authorization | undefined,
): Dispatcher.RequestOptions {
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const headers = {
    accept: "application/json",
    "user-agent": USER_AGENT,
    authorization: authorization?.header,
    "content-type": body === null ? undefined : "application/json; charset=utf-8",
    ...request.headers,
  };
  return {
    origin: endpoint.origin,
    path: `${request.path}?api-version=${encodeURIComponent(apiVersion)}`,
    method: request.method,
    headers,
    body,
  };
}

/** undefined for a 2xx answer that can be read. */
function failureOf(
  plane: Plane,
  answer: Answer,
  secrets: readonly string[],
  now: number,
): Failure | undefined {
  const { status, body } = answer;
  if (status < 200 || status > 299) return httpFailure(plane, answer, secrets, now);
  if (body !== NOT_JSON) return undefined;
  return {
    code: "protocol",
    message: `the answer (HTTP ${status}) is not JSON`,
    status,
    retry: "never",
    hint: "Something other than the service may have answered: check the endpoint and the proxy.",
  };
}

function aborted(what: string, signal: AbortSignal | undefined): DpsClientError {
  return new DpsClientError("aborted", `${what}: aborted`, { cause: signal?.reason });
}

async function pauseFor(
  runtime: Runtime,
  ms: number,
  what: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    if (ms > 0) await runtime.sleep(ms, signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  if (signal?.aborted) throw aborted(what, signal);
}

/** The client's connections with its retries, time limits and authorization. */
export function createTransport(settings: TransportSettings): Transport {
  const { plane, endpoint, options } = settings;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const maxResponseBytes = options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
  const policy: RetryPolicy = { ...DEFAULT_RETRY, ...options.retry };
  const runtime: Runtime = { ...SYSTEM_RUNTIME, ...options.runtime };
  requireMilliseconds(timeoutMs, "timeoutMs");
  requireMilliseconds(policy.deadlineMs, "retry.deadlineMs");
  const tls = tlsOptions(options.ca, settings.clientCertificate);
  const dispatcher = options.dispatcher ?? createDispatcher(endpoint, tls, timeoutMs);
  let closing: Promise<void> | undefined;

  const sendOnce = async (
    request: TransportRequest,
    remainingMs: number,
  ): Promise<Answer | Failure> => {
    let authorization: Authorization | undefined;
    const answer = await attempt({
      dispatcher,
      prepare: async (signal) => {
        authorization = await settings.authorize(signal);
        return encodeRequest(settings, request, authorization);
      },
      host: endpoint.host,
      timeoutMs: Math.min(timeoutMs, remainingMs),
      maxResponseBytes,
      signal: request.signal,
    });
    if ("code" in answer) return answer;
    const secrets = authorization?.secrets ?? [];
    return failureOf(plane, answer, secrets, runtime.now()) ?? answer;
  };

  const send = async (request: TransportRequest): Promise<Answer> => {
    const { what, signal } = request;
    if (closing !== undefined) throw new DpsClientError("closed", `${what}: the client was closed`);
    const end = Math.min(runtime.now() + policy.deadlineMs, request.deadlineAt ?? Infinity);
    let maybeApplied = false;
    for (let count = 1; ; count++) {
      const remainingMs = end - runtime.now();
      if (remainingMs <= 0) {
        throw new DpsClientError("timeout", `${what}: out of time`, { maybeApplied });
      }
      const result = await sendOnce(request, remainingMs);
      if (!("code" in result)) return result;
      maybeApplied ||= result.retry === "unsure";
      const failed = { attempt: count, remainingMs: end - runtime.now(), ...result };
      const delay = retryDelay(policy, failed, runtime.random);
      if (delay === undefined) throw failureError(what, { ...result, maybeApplied }, count);
      await pauseFor(runtime, delay, what, signal);
    }
  };

  return {
    runtime,
    send,
    pause: (ms, what, signal) => pauseFor(runtime, ms, what, signal),
    close: () => {
      // A dispatcher that was passed in belongs to its owner.
      closing ??= options.dispatcher ? Promise.resolve() : dispatcher.close();
      return closing;
    },
  };
}
