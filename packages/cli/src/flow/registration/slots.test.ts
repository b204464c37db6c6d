import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

describe("slots", () => {
  it("are given in the order of the calls, and never more than there are", async () => {
    const slots = createSlots(2);
    const given: string[] = [];
    const asked: Promise<unknown>[] = [];
    const ask = (name: string) => asked.push(slots.take().then(() => given.push(name)));
    for (const name of ["a", "b", "c", "d"]) ask(name);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    expect(given).toEqual(["a", "b"]);
    slots.free();
    await turn();
    expect(given).toEqual(["a", "b", "c"]);
    ask("e");
    await turn();
    expect(given).toHaveLength(3);
    for (const _ of [1, 2, 3, 4]) slots.free();
    await turn();
    expect(given).toEqual(["a", "b", "c", "d", "e"]);
    for (const name of ["f", "g", "h"]) ask(name);
    await turn();
    expect(given.slice(5)).toEqual(["f", "g"]);
  });

  it("are given back first to those that had one", async () => {
    const slots = createSlots(1);
    await slots.take();
    const given: string[] = [];
    const asked = [
      slots.take().then(() => given.push("new")),
      slots.takeBack().then(() => given.push("back")),
      slots.takeBack().then(() => given.push("back too")),
    ];
    for (const _ of asked) slots.free();
    await Promise.all(asked);
    expect(given).toEqual(["back", "back too", "new"]);
  });
});
