import { DpsClientError } from "./errors.ts";

/** A token bucket: how many requests are sent in a time, and how many of them without a pause. */
export interface RateLimit {
  /** Requests in `perMs` milliseconds on average; a request that is sent again counts again. */
  operations: number;
  /** Milliseconds. */
  perMs: number;
  /**
   * Requests that are sent without a pause after a quiet time.
   * @default a tenth of `operations`, 1 at least
   */
  burst?: number | undefined;
}

/**
 * What the service takes: 1,000 operations a minute, and as many registrations
 * (learn.microsoft.com/azure/iot-dps/about-iot-dps, "Quotas and limits").
 */
export const DEFAULT_RATE: Readonly<RateLimit> = { operations: 1000, perMs: 60_000 };

/** Takes the next turn and says in how many milliseconds from `now` it is. */
export type TakeTurn = (now: number) => number;

export const unlimited: TakeTurn = () => 0;

/** Longest time between two requests, in milliseconds: many of them still fit in what a timer holds. */
const LONGEST_INTERVAL_MS = 24 * 60 * 60_000;

function requirePositive(value: number, what: string, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new DpsClientError("invalid-argument", `rate.${what} is a number, at least ${least}`);
}

/**
 * The turns of a bucket, in the order they are taken. Only the time at which it would be full again is
 * kept (the generic cell rate algorithm of ITU-T I.371): no timer runs, and turns need no queue.
 *
 * @throws {DpsClientError} `invalid-argument`
 */
export function tokenBucket({ operations, perMs, burst }: RateLimit): TakeTurn {
  requirePositive(operations, "operations", Number.MIN_VALUE);
  requirePositive(perMs, "perMs", Number.MIN_VALUE);
  const size = burst ?? Math.max(1, Math.floor(operations / 10));
  requirePositive(size, "burst", 1);
  const interval = perMs / operations;
  if (interval > LONGEST_INTERVAL_MS) {
    throw new DpsClientError("invalid-argument", "rate allows less than one operation a day");
  }
  let fullAt = Number.NEGATIVE_INFINITY;
  let before = Number.NEGATIVE_INFINITY;
  return (now) => {
    // A clock that is set back must not make everybody wait for it.
    if (now < before) fullAt -= before - now;
    before = now;
    fullAt = Math.max(fullAt, now) + interval;
    return Math.max(0, fullAt - size * interval - now);
  };
}
