import type { Dispatcher } from "undici";
import type { RateLimit } from "./rate.ts";
import type { RetryPolicy } from "./retry.ts";
import type { Runtime } from "./runtime.ts";

/** What every client takes. */
export interface TransportOptions {
  /**
   * PEM certificates of the only CAs to trust. Leave it out for Azure: Node's own trust store, with
   * NODE_EXTRA_CA_CERTS, then stands.
   */
  ca?: string | readonly string[] | undefined;
  /**
   * Milliseconds that one attempt may take, from connecting to the last byte of the answer.
   * @default 30_000
   */
  timeoutMs?: number | undefined;
  /** Members left out keep the defaults of `DEFAULT_RETRY`. */
  retry?: Partial<RetryPolicy> | undefined;
  /**
   * Largest answer that is read, in bytes.
   * @default 4_194_304
   */
  maxResponseBytes?: number | undefined;
  /**
   * Requests under way at once at most; further ones wait their turn, and their time limits begin when
   * it comes.
   * @default 16
   */
  concurrency?: number | undefined;
  /**
   * Requests sent in a time at most; false for no bound.
   * @default DEFAULT_RATE, the service's own limit, for enrollments and devices; none for management
   */
  rate?: RateLimit | false | undefined;
  /** Put behind this package's own name in the User-Agent header, e.g. "my-tool/1.0". */
  userAgent?: string | undefined;
  /** An undici dispatcher to use in place of the client's own; `ca` and proxies are then its matter. */
  dispatcher?: Dispatcher | undefined;
  /** Clock, waiting and chance, for tests. */
  runtime?: Partial<Runtime> | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, also while it waits for another attempt. */
  signal?: AbortSignal | undefined;
}

export interface ConditionalOptions extends CallOptions {
  /** The etag that the change is based on, or `*` for any. */
  ifMatch?: string | undefined;
}

export interface RequiredConditionOptions extends CallOptions {
  /** The etag that the change is based on, or `*` for any. */
  ifMatch: string;
}
