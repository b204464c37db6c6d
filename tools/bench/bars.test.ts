import { describe, expect, it } from "vitest";
import { BARS, judge } from "./bars.js";
import { SECTIONS } from "./sections.js";

const ratio = { claim: "a to b", measurement: "m", of: "a", to: "b" };
const measurements = (rounds: Record<string, number[]>, more = {}) => ({
  m: { unit: "s", rounds, ...more },
});

describe("a bar", () => {
  it("is met at its bound, and not beyond", () => {
    const rounds = measurements({ a: [3, 3, 3], b: [2, 2, 2] });
    expect(judge({ ...ratio, atMost: 1.5 }, rounds).isMet).toBe(true);
    expect(judge({ ...ratio, atMost: 1.49 }, rounds).isMet).toBe(false);
    expect(judge({ ...ratio, atLeast: 1.5 }, rounds).isMet).toBe(true);
    expect(judge({ ...ratio, atLeast: 1.51 }, rounds).isMet).toBe(false);
  });

  it("tells the value, its quartiles and the bound", () => {
    const verdict = judge(
      { ...ratio, atLeast: 60, aim: 85 },
      measurements({ a: [100, 200, 12_345], b: [1, 1, 1] }),
    );
    expect(verdict).toEqual({
      claim: "a to b",
      bound: "at least 60, aim 85",
      value: "200 [150–6,270]",
      isMet: true,
    });
  });

  it("is held against the worst of several, where it is for none of them", () => {
    const bar = { claim: "held", measurement: "m", of: ["a", "b"], atMost: 50 };
    expect(judge(bar, measurements({ a: [1, 2], b: [3, 51] })).isMet).toBe(false);
    expect(judge(bar, measurements({ a: [1, 2], b: [3, 50] })).isMet).toBe(true);
  });

  it("takes the sum of all rounds where single ones are chance", () => {
    const rounds = measurements({ a: [1, 1, 10], b: [2, 2, 2] });
    expect(judge({ ...ratio, atMost: 1 }, rounds).isMet).toBe(true);
    expect(judge({ ...ratio, atMost: 1, wholeTime: true }, rounds).value).toMatch(/^2 /);
  });

  it.each([
    ["the measurement is not there", ratio, {}],
    ["one of the two is not there", ratio, measurements({ a: [1] })],
    ["there were too few rounds", { ...ratio, rounds: 2 }, measurements({ a: [1], b: [1] })],
    [
      "a round had fewer devices",
      { ...ratio, perRound: 20 },
      measurements({ a: [1], b: [1] }, { perRound: { a: 19, b: 20 } }),
    ],
  ])("is not measured when %s", (_, bar, measured) => {
    const verdict = judge({ ...bar, atMost: 1 }, measured);
    expect(verdict).toMatchObject({ value: "not measured" });
    expect(verdict.isMet).toBeUndefined();
  });
});

describe("the bars", () => {
  it("are of measurements that there are, and bounded", () => {
    const ids = SECTIONS.map(({ id }) => id);
    for (const { measurement, atLeast, atMost } of BARS) {
      expect(ids).toContain(measurement);
      expect([atLeast, atMost].filter((bound) => bound !== undefined)).toHaveLength(1);
    }
  });
});
