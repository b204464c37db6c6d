import { describe, expect, it } from "vitest";
import { turns } from "./turns.ts";

describe("turns", () => {
  it("goes on within a turn, and lets others have theirs after ten milliseconds", async () => {
    let now = 0;
    const pause = turns(() => now);
    now = 9.9;
    expect(pause()).toBeUndefined();
    now = 10;
    let others = 0;
    setImmediate(() => {
      others++;
    });
    await pause();
    expect(others).toBe(1);
    now = 19.9;
    expect(pause()).toBeUndefined();
    now = 20;
    expect(pause()).toBeInstanceOf(Promise);
  });
});
