import { requireMilliseconds } from "./checked.ts";
import { DpsClientError } from "./errors.ts";

/** How often and how long a request is tried again. */
export interface RetryPolicy {
  /**
   * Times a request is sent at most; 1 means never again.
   * @default 5
   */
  attempts: number;
  /**
   * Milliseconds from the first attempt after which nothing is sent any more.
   * @default 120_000
   */
  deadlineMs: number;
  /**
   * Milliseconds before the second attempt, doubled for each further one.
   * @default 500
   */
  baseDelayMs: number;
  /**
   * Longest wait in milliseconds where the service names none.
   * @default 30_000
   */
  maxDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  deadlineMs: 120_000,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
};

/**
 * The policy with its defaults.
 *
 * @throws {DpsClientError} `invalid-argument` for what would try for ever, or never
 */
export function readRetryPolicy(given: Partial<RetryPolicy> | undefined): RetryPolicy {
  const policy = { ...DEFAULT_RETRY, ...given };
  requireMilliseconds(policy.deadlineMs, "retry.deadlineMs");
  if (!(policy.attempts >= 1)) {
    throw new DpsClientError("invalid-argument", "retry.attempts is a number, 1 or more");
  }
  if (!(policy.baseDelayMs >= 0 && policy.maxDelayMs >= 0)) {
    throw new DpsClientError("invalid-argument", "the delays of retry are milliseconds, 0 or more");
  }
  return policy;
}

/** What the policy looks at. */
export interface FailedAttempt {
  /** `never`: another attempt would fail in the same way. */
  retry: "never" | "safe" | "unsure";
  /** 1 for the first. */
  attempt: number;
  /** Milliseconds left until the deadline. */
  remainingMs: number;
  /** What Retry-After said, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/**
 * Milliseconds to wait before the next attempt, or undefined to give up. Retry-After is obeyed as it
 * is told; without one the wait grows exponentially, and half of it is chance, so that clients which
 * failed together do not come back together. A wait that reaches the deadline is not begun.
 */
export function retryDelay(
  policy: Pick<RetryPolicy, "attempts" | "baseDelayMs" | "maxDelayMs">,
  { retry, attempt, remainingMs, retryAfterMs }: FailedAttempt,
  random: () => number,
): number | undefined {
  if (retry === "never" || attempt >= policy.attempts) return undefined;
  const backoff = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
  const wait = retryAfterMs ?? backoff / 2 + (backoff / 2) * random();
  return wait < remainingMs ? wait : undefined;
}

/**
 * How long an answer asks to wait. A date in it is by the service's clock, which the answer's Date tells
 * (RFC 9110 §6.6.1): this computer's may go wrong by more than the wait.
 *
 * @returns milliseconds; undefined if it does not ask
 */
export function retryAfterOf(
  headers: Readonly<Record<string, string>>,
  now: number,
): number | undefined {
  return parseRetryAfter(headers["retry-after"], readDate(headers.date ?? "") ?? now);
}

/**
 * Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date.
 *
 * @returns milliseconds from `now`, never negative; undefined if the header is missing or wrong
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = readDate(text);
  return at === undefined ? undefined : Math.max(0, at - now);
}

/** A date in any of the three forms of RFC 9110 §5.6.7, in milliseconds since 1970. */
function readDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // asctime has no zone, and Date.parse would take it for local time.
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : at;
}
