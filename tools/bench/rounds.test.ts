import { describe, expect, it } from "vitest";
import { quantile, ratioOf, spreadOf, takeTurns } from "./rounds.js";

describe("statistics of rounds", () => {
  it("take the median and the quartiles, between two values in proportion", () => {
    expect(spreadOf([5, 1, 3, 2, 4])).toEqual({ median: 3, low: 2, high: 4 });
    expect(quantile([1, 2], 0.5)).toBe(1.5);
    expect(quantile([10, 30, 20, 40], 0.25)).toBe(17.5);
    expect(quantile([7], 0.75)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it("hold values of the same round against each other", () => {
    // Medians of either alone would say 2.
    expect(ratioOf([10, 20, 90], [10, 10, 30]).median).toBe(2);
    expect(ratioOf([30, 20, 90], [10, 10, 30]).median).toBe(3);
  });

  it("let what is compared take turns", async () => {
    const order: string[] = [];
    const measured = (name: string) => () => order.push(name);
    const rounds = await takeTurns(2, { a: measured("a"), b: measured("b") });
    expect(order).toEqual(["a", "b", "a", "b"]);
    expect(rounds).toEqual({ a: [1, 3], b: [2, 4] });
  });
});
