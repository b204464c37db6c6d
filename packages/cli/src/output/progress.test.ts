import { describe, expect, it } from "vitest";
import { createProgress, duration, progressText } from "./progress.ts";

describe("progress", () => {
  it.each([
    [
      { noun: "row", count: 1200, total: undefined, part: undefined, ms: 5000 },
      "1,200 rows, 240/s",
    ],
    [
      { noun: "device", count: 10, total: 40, part: 0.25, ms: 4000 },
      "10 of 40 devices, 2.5/s, 12 s left",
    ],
    [{ noun: "row", count: 4, total: undefined, part: 1, ms: 0 }, "4 rows, 0.0/s"],
  ])("is told with its rate and the time that is left", (state, text) => {
    expect(progressText(state)).toBe(text);
  });

  it.each([
    [10, "1 s"],
    [99_000, "99 s"],
    [120_000, "2 min"],
    [8_000_000, "2 h 13 min"],
  ])("says %d ms as people do", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [true, ["200 of 1,000 rows, 1,000/s, 1 s left", "11,200 of 1,000 rows, 1,000/s"]],
    [false, ["11,200 of 1,000 rows, 1,000/s"]],
  ])("is shown now and then, on a terminal (%s) more often", (isLive, expected) => {
    const shown: string[] = [];
    let time = 0;
    const show = (text: string) => {
      shown.push(text.replace("doing: ", ""));
    };
    const report = {
      note: show,
      working: () => Object.assign(() => undefined, { update: show }),
    };
    const io = { isLive, now: () => new Date(time) };
    const progress = createProgress(report, io, { title: "doing", noun: "row", total: 1000 });
    for (const [at, count] of [
      [50, 100],
      [200, 100],
      [11_200, 11_000],
    ] as const) {
      time = at;
      progress.add(count);
    }
    expect(shown).toEqual(expected);
  });
});
