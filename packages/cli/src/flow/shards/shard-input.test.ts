import type { InputRow } from "@dps-certs/ca-tools";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { inputOfShard, shardOf } from "./shard-input.ts";

const rowsOf = (ids: readonly string[]): InputRow[] => ids.map((id, at) => ({ line: at + 1, id }));

async function partsOf(rows: readonly InputRow[], count: number): Promise<InputRow[][]> {
  const parts = Array.from({ length: count }, async (_, index) => {
    const part: InputRow[] = [];
    const input = { rows, distinct: true, total: rows.length };
    for await (const row of inputOfShard(input, { index, count }).rows) part.push(row);
    return part;
  });
  return await Promise.all(parts);
}

const ids = fc.array(fc.stringMatching(/^[a-zA-Z0-9.:_-]{0,20}[a-zA-Z0-9]$/), { maxLength: 40 });
const count = fc.integer({ min: 1, max: 12 });

describe("inputOfShard", () => {
  test.prop([ids, count])("takes each row into one part, in its order", async (names, n) => {
    const rows = rowsOf(names);
    const parts = await partsOf(rows, n);
    const all = parts.flat().sort((a, b) => a.line - b.line);
    expect(all).toEqual(rows);
    for (const part of parts) {
      const lines = part.map(({ line }) => line);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
    }
  });

  test.prop([ids, count])("asks neither for order nor for the other ids", async (names, n) => {
    const alone = names.map((id) => shardOf(id, n));
    const parts = await partsOf(rowsOf([...names].reverse()), n);
    for (const [at, id] of names.entries()) {
      expect(parts[alone[at] ?? -1]?.map((row) => row.id)).toContain(id);
    }
  });

  it("tells ids that differ by letter case alone to one part, where they meet", () => {
    for (const id of ["Pump-A", "SENSOR-17", "x"]) {
      expect(shardOf(id, 97)).toBe(shardOf(id.toUpperCase(), 97));
      expect(shardOf(id, 97)).toBe(shardOf(id.toLowerCase(), 97));
    }
  });

  it("keeps to the rule that is written down, or devices would change their CA", () => {
    // printf %s sensor-1 | sha256sum: the last twelve digits are c7bf2e180e4d.
    expect(shardOf("Sensor-1", 10)).toBe(0xc7bf2e180e4d % 10);
    const others = ["a", "sensor-001", "4c-11-ae-0d-9f-30"];
    expect(others.map((id) => shardOf(id, 100))).toEqual([99, 75, 79]);
  });

  it("makes parts of about one size", async () => {
    const rows = rowsOf(Array.from({ length: 5000 }, (_, n) => `thermostat-${n}`));
    for (const part of await partsOf(rows, 10)) {
      // Five standard deviations of a fair choice, which is always the same here.
      expect(Math.abs(part.length - 500)).toBeLessThan(5 * Math.sqrt(500 * 0.9));
    }
  });

  it("tells what names no device to the first, and other bad rows by their ids", async () => {
    const problem = new Error("it is bad");
    const rows = [
      { line: 1, problem },
      { line: 2, id: "a", problem },
      { line: 3, problem },
    ];
    const lines = (await partsOf(rows, 10)).map((part) => part.map(({ line }) => line));
    expect(lines[0]).toEqual([1, 3]);
    expect(lines[shardOf("a", 10)]).toEqual([2]);
    expect(lines.flat()).toHaveLength(3);
  });

  it("says how much was looked at where nobody knows how much there will be", async () => {
    const input = { rows: rowsOf(["a", "b", "c", "d"]), distinct: true, total: 4 };
    const part = inputOfShard(input, { index: 0, count: 1 });
    expect([part.total, part.fraction?.()]).toEqual([undefined, 0]);
    for await (const { line } of part.rows) expect(part.fraction?.()).toBe(line / 4);
    const read = inputOfShard({ ...input, fraction: () => 0.5, total: undefined } as never, {
      index: 0,
      count: 2,
    });
    expect(read.fraction?.()).toBe(0.5);
  });
});
