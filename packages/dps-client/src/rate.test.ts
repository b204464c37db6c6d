import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { DEFAULT_RATE, tokenBucket } from "./rate.ts";

describe("a token bucket", () => {
  it("lets its burst through at once and the rest evenly", () => {
    const take = tokenBucket({ operations: 60, perMs: 60_000, burst: 2 });
    expect([take(0), take(0), take(0), take(0)]).toEqual([0, 0, 1_000, 2_000]);
  });

  it("fills up again in a quiet time, and no fuller", () => {
    const take = tokenBucket({ operations: 60, perMs: 60_000, burst: 2 });
    take(0);
    take(0);
    const later = 3_600_000;
    expect([take(later), take(later), take(later)]).toEqual([0, 0, 1_000]);
  });

  it("has a tenth of the operations for its burst", () => {
    const take = tokenBucket(DEFAULT_RATE);
    const waits = Array.from({ length: 101 }, () => take(0));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(100);
    expect(waits[100]).toBe(60);
    expect(tokenBucket({ operations: 1, perMs: 10 })(0)).toBe(0);
  });

  it("does not wait for a clock that was set back", () => {
    const take = tokenBucket({ operations: 1, perMs: 1_000 });
    expect(take(10_000_000)).toBe(0);
    expect(take(0)).toBe(1_000);
  });

  it.each([
    { operations: 0, perMs: 1 },
    { operations: Number.NaN, perMs: 1 },
    { operations: 1, perMs: -1 },
    { operations: 1, perMs: Number.POSITIVE_INFINITY },
    { operations: 1, perMs: 1, burst: 0 },
    { operations: 1, perMs: 2 ** 31 },
  ])("refuses %j", (limit) => {
    expect(() => tokenBucket(limit)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test.prop([
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 10_000 }),
    fc.integer({ min: 1, max: 20 }),
    fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 200 }),
  ])("never lets more through than burst and rate allow", (operations, perMs, burst, gaps) => {
    const take = tokenBucket({ operations, perMs, burst });
    let now = 0;
    const sent = gaps.map((gap) => {
      now += gap;
      return now + take(now);
    });
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
    for (const [at, from] of sent.entries()) {
      const within = sent.slice(at).filter((time) => time <= from + perMs + 1e-6);
      expect(within.length).toBeLessThanOrEqual(operations + burst + 1);
    }
  });
});
