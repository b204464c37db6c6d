import { describe, expect, it } from "vitest";
import { inBatches } from "./batches.ts";

describe("inBatches", () => {
  it("keeps the order, and works on a few at a time", async () => {
    let running = 0;
    let most = 0;
    const results = await inBatches([...Array(100).keys()], async (n) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return n * 2;
    });
    expect(results).toEqual([...Array(100).keys()].map((n) => n * 2));
    expect(most).toBe(32);
  });

  it("tells of a failure when everything that was begun has ended", async () => {
    let ended = 0;
    const work = async (n: number) => {
      if (n === 0) throw new Error("first");
      await new Promise((resolve) => setImmediate(resolve));
      ended += 1;
    };
    await expect(inBatches([...Array(40).keys()], work)).rejects.toThrow("first");
    expect(ended).toBe(31);
  });
});
