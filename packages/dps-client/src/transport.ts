import type { Authorize } from "./authorization.ts";
import { requireMilliseconds } from "./checked.ts";
import { createDispatcher } from "./dispatcher.ts";
import { userAgent } from "./encode-request.ts";
import { isLoopback } from "./endpoint.ts";
import { DpsClientError } from "./errors.ts";
import { createExchange } from "./exchange.ts";
import type { Plane } from "./hints.ts";
import type { Answer } from "./http-failure.ts";
import type { TransportOptions } from "./options.ts";
import { pauseFor, persist } from "./persist.ts";
import { DEFAULT_RATE, type TakeTurn, tokenBucket, unlimited } from "./rate.ts";
import { readRetryPolicy } from "./retry.ts";
import { type Runtime, SYSTEM_RUNTIME } from "./runtime.ts";
import { type ClientCertificate, tlsOptions } from "./tls-options.ts";
import { createTurns, DEFAULT_CONCURRENCY } from "./turns.ts";

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

/** Time that several requests may take together. It begins when the first of them is sent. */
export interface TimeLimit {
  /** Milliseconds. */
  readonly ms: number;
  /** Milliseconds since 1970; undefined until it has begun. */
  endsAt?: number;
}

export interface TransportRequest {
  /** What is being done, for errors: "get enrollment group a". */
  what: string;
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Already encoded, without a query. */
  path: string;
  /** In place of the client's. */
  apiVersion?: string | undefined;
  /** Already encoded, in place of `api-version=…`: what a link of the service says. */
  query?: string | undefined;
  /** In place of the client's. */
  authorize?: Authorize | undefined;
  headers?: Record<string, string | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Where it ends sooner than the policy's deadline. */
  timeLimit?: TimeLimit | undefined;
  /**
   * Sent whatever the rate: the service does not count it.
   * @default false
   */
  unmetered?: boolean | undefined;
}

export interface Transport {
  readonly runtime: Runtime;
  readonly endpoint: URL;
  /**
   * Sends a request, again where that may help, and returns the 2xx answer. The time for that begins
   * with the first attempt, not while the request waits for its turn.
   *
   * @throws {DpsClientError}
   */
  send: (request: TransportRequest) => Promise<Answer>;
  /** Waits `ms` milliseconds. */
  pause: (ms: number, what: string, signal: AbortSignal | undefined) => Promise<void>;
  close: () => Promise<void>;
}

function takeTurns({ plane, endpoint, options }: TransportSettings): TakeTurn {
  if (options.rate === false) return unlimited;
  if (options.rate !== undefined) return tokenBucket(options.rate);
  // An emulator on this computer has no such limit, Azure Resource Manager has others.
  const none = plane === "management" || isLoopback(endpoint.hostname);
  return none ? unlimited : tokenBucket(DEFAULT_RATE);
}

/**
 * Resolves when the work has begun, or will not. What has its turn of the rate and waits for its other
 * one would else gather, and go out at once when the service answers again.
 */
function begin<T>(work: (begun: () => void) => Promise<T>): Promise<() => Promise<T>> {
  return new Promise((resolve) => {
    const result = work(() => resolve(() => result));
    const settled = () => resolve(() => result);
    result.then(settled, settled);
  });
}

/** The client's connections with its retries, limits and authorization. */
export function createTransport(settings: TransportSettings): Transport {
  const { plane, endpoint, apiVersion, authorize, options } = settings;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  requireMilliseconds(timeoutMs, "timeoutMs");
  const policy = readRetryPolicy(options.retry);
  const maxResponseBytes = options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
  if (!(maxResponseBytes > 0)) {
    throw new DpsClientError("invalid-argument", "maxResponseBytes is a number, more than 0");
  }
  const runtime: Runtime = { ...SYSTEM_RUNTIME, ...options.runtime };
  const tls = tlsOptions(options.ca, settings.clientCertificate);
  // A device is one: a pool would poll on a second connection, for the first is free only a turn
  // after its answer, and the device would pay for two handshakes.
  const concurrency = tls.cert ? 1 : (options.concurrency ?? DEFAULT_CONCURRENCY);
  const turns = createTurns(concurrency);
  /** For the rate: one waits at a time, so that those who leave take no turns of it with them. */
  const queue = createTurns(1);
  const takeTurn = takeTurns(settings);
  const dispatcher = options.dispatcher ?? createDispatcher(endpoint, tls, timeoutMs, concurrency);
  const exchange = createExchange({
    plane,
    target: { endpoint, apiVersion, userAgent: userAgent(options.userAgent) },
    authorize,
    dispatcher,
    maxResponseBytes,
    now: runtime.now,
  });
  let closing: Promise<void> | undefined;
  const end = new AbortController();
  const course = { exchange, policy, timeoutMs, takeTurn, runtime, closed: end.signal };

  return {
    runtime,
    endpoint,
    send: async (request) => {
      const { what, signal, unmetered = false } = request;
      // A turn is kept while a request waits to be sent again: a service that throttles some is not
      // asked by others meanwhile.
      const take = (begun = () => {}) =>
        turns(what, signal, () => {
          begun();
          return persist(course, request);
        });
      if (unmetered || takeTurn === unlimited) return await take();
      // Before the turn, for requests that the rate does not bound must not wait behind it.
      const taken = await queue(what, signal, async () => {
        if (!end.signal.aborted) await pauseFor(course, takeTurn(runtime.now()), what, signal);
        return await begin(take);
      });
      return await taken();
    },
    pause: (ms, what, signal) => pauseFor(course, ms, what, signal),
    close: () => {
      end.abort();
      // A dispatcher that was passed in belongs to its owner.
      closing ??= options.dispatcher ? Promise.resolve() : dispatcher.close();
      return closing;
    },
  };
}
