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
 * Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date in any of the three forms of §5.6.7.
 *
 * @returns milliseconds from `now`, never negative; undefined if the header is missing or wrong
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // asctime has no zone, and Date.parse would take it for local time.
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
