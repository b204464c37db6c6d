import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { DEFAULT_RETRY, parseRetryAfter, retryAfterOf, retryDelay } from "./retry.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 30);
const half = () => 0.5;

describe("retryDelay", () => {
  it("waits exactly as long as the service says", () => {
    const failed = { retry: "safe", attempt: 1, remainingMs: 60_000, retryAfterMs: 7_000 } as const;
    expect(retryDelay(DEFAULT_RETRY, failed, half)).toBe(7_000);
    expect(retryDelay(DEFAULT_RETRY, { ...failed, retryAfterMs: 0 }, half)).toBe(0);
  });

  it("doubles its own waits, half of each by chance, up to the longest", () => {
    const waits = [1, 2, 3, 4].map((attempt) =>
      retryDelay(
        { attempts: 9, baseDelayMs: 500, maxDelayMs: 2_000 },
        { retry: "unsure", attempt, remainingMs: 60_000 },
        half,
      ),
    );
    expect(waits).toEqual([375, 750, 1_500, 1_500]);
  });

  it("gives up after the last attempt", () => {
    const failed = { retry: "safe", attempt: 5, remainingMs: 60_000, retryAfterMs: 0 } as const;
    expect(retryDelay(DEFAULT_RETRY, failed, half)).toBeUndefined();
  });

  it("gives up at once when the service asks for more time than there is", () => {
    const failed = {
      retry: "safe",
      attempt: 1,
      remainingMs: 60_000,
      retryAfterMs: 60_000,
    } as const;
    expect(retryDelay(DEFAULT_RETRY, failed, half)).toBeUndefined();
  });

  it("never repeats what would fail in the same way", () => {
    const failed = { retry: "never", attempt: 1, remainingMs: 60_000 } as const;
    expect(retryDelay(DEFAULT_RETRY, failed, half)).toBeUndefined();
  });

  test.prop([
    fc.record({
      attempts: fc.integer({ min: 1, max: 50 }),
      baseDelayMs: fc.integer({ min: 0, max: 10_000 }),
      maxDelayMs: fc.integer({ min: 0, max: 100_000 }),
    }),
    fc.integer({ min: 1, max: 200_000 }),
    fc.array(fc.option(fc.nat({ max: 100_000 }), { nil: undefined }), { minLength: 60 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
  ])("never waits to or beyond the deadline", (policy, deadlineMs, told, chance) => {
    let elapsed = 0;
    let attempt = 1;
    for (; attempt <= told.length; attempt++) {
      const wait = retryDelay(
        policy,
        {
          retry: "safe",
          attempt,
          remainingMs: deadlineMs - elapsed,
          retryAfterMs: told[attempt - 1],
        },
        () => chance,
      );
      if (wait === undefined) break;
      expect(wait).toBeGreaterThanOrEqual(0);
      elapsed += wait;
      expect(elapsed).toBeLessThan(deadlineMs);
    }
    expect(attempt).toBeLessThanOrEqual(policy.attempts);
  });
});

describe("parseRetryAfter", () => {
  it("reads seconds", () => {
    expect(parseRetryAfter("0", NOW)).toBe(0);
    expect(parseRetryAfter(" 120 ", NOW)).toBe(120_000);
  });

  it.each([
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
  ])("reads the date %s", (date) => {
    expect(parseRetryAfter(date, NOW)).toBe(7_000);
  });

  it("counts a date from the service's clock, where the answer tells it", () => {
    const date = "Sun, 06 Nov 1994 08:49:30 GMT";
    const headers = { "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" };
    for (const now of [NOW, NOW + 600_000, NOW - 600_000]) {
      expect(retryAfterOf({ ...headers, date }, now)).toBe(7_000);
    }
    expect(retryAfterOf({ ...headers, date: "2" }, NOW)).toBe(7_000);
    expect(retryAfterOf({ date }, NOW)).toBeUndefined();
  });

  it("takes a date that has passed for no wait", () => {
    expect(parseRetryAfter("Sun, 06 Nov 1994 08:49:00 GMT", NOW)).toBe(0);
  });

  it.each([undefined, "", "-1", "1.5", "soon", "1994-11-06T08:49:37Z", "Sun, 99 Foo"])(
    "ignores %j",
    (value) => {
      expect(parseRetryAfter(value, NOW)).toBeUndefined();
    },
  );

  test.prop([fc.string()])("gives no wait or one that is not negative", (value) => {
    expect(parseRetryAfter(value, NOW) ?? 0).toBeGreaterThanOrEqual(0);
  });
});
