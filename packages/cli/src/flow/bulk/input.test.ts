import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { InputRow } from "@dps-certs/ca-tools";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BulkSource, openBulkInput, readListOrRows } from "./input.ts";

async function idsOf(source: BulkSource, stdin = "", cwd = "."): Promise<unknown[]> {
  const input = await openBulkInput(cwd, source, Readable.from([Buffer.from(stdin)]));
  const rows: InputRow[] = [];
  for await (const row of input.rows) rows.push(row);
  return rows.map(({ line, id }) => [line, id]);
}

const STDIN: BulkSource = { kind: "file", from: "-" };

describe("the devices of a fleet", () => {
  it("may be numbered, as enroll does it", async () => {
    const source = { kind: "count", count: 1000, prefix: "s" } as const;
    const ids = await idsOf(source);
    expect([ids[0], ids[999], ids.length]).toEqual([[1, "s-001"], [1000, "s-1000"], 1000]);
    expect(await openBulkInput(".", source)).toMatchObject({ total: 1000, distinct: true });
  });

  it.each([
    ["a b", 1, "only letters"],
    ["x".repeat(60), 1000, "64"],
    ["azure-iot-test-only.x", 1, "reserved"],
  ])("are not numbered behind %j, %i of them", async (prefix, count, words) => {
    await expect(openBulkInput(".", { kind: "count", count, prefix })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(words),
    });
  });

  it.each([
    [
      "a list of ids",
      "\uFEFFs-1\r\n\r\n s-2 \ns-3",
      [
        [1, "s-1"],
        [3, "s-2"],
        [4, "s-3"],
      ],
    ],
    [
      "CSV",
      "Id,Days\ns-1,3\n\ns-2,\n",
      [
        [2, "s-1"],
        [4, "s-2"],
      ],
    ],
    ["CSV of a column", "registrationId\ns-1\n", [[2, "s-1"]]],
    [
      "NDJSON",
      '{"id":"s-1"}\n{"cn":"s-2","days":3}\n',
      [
        [1, "s-1"],
        [2, "s-2"],
      ],
    ],
    [
      "a JSON array",
      '[{"id":"s-1"},\n{"id":"s-2"}]',
      [
        [1, "s-1"],
        [2, "s-2"],
      ],
    ],
    ["nothing", "", []],
    ["blank lines", "\n\n", []],
  ])("come from %s on standard input", async (_, text, expected) => {
    expect(await idsOf(STDIN, text)).toEqual(expected);
  });

  it("come from a file, whose ending says what it is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dps-certs-input-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "fleet.csv"), "cn;san\ns-1;a.example,b.example\n");
    const source = { kind: "file", from: "fleet.csv" } as const;
    const input = await openBulkInput(folder, source);
    const rows: InputRow[] = [];
    for await (const row of input.rows) rows.push(row);
    expect(rows).toEqual([
      { line: 2, id: "s-1", names: { dns: ["a.example", "b.example"], ip: [] } },
    ]);
    expect(input.fraction?.()).toBe(1);
  });

  it.each([
    ["colour,id\nred,a\n", "colour"],
    ["days\n3\n", undefined],
  ])("are looked for in known columns alone: %j", async (text, words) => {
    const rows = idsOf(STDIN, text);
    if (words === undefined) expect(await rows).toEqual([[2, undefined]]);
    else
      await expect(rows).rejects.toMatchObject({
        code: "usage",
        message: expect.stringContaining(words),
      });
  });

  const id = fc.stringMatching(/^[A-Za-z0-9._:-]{0,20}[A-Za-z0-9]$/);
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });
  test.prop([fc.array(id, { minLength: 1, maxLength: 9 }), sizes])(
    "are those of the list, however its bytes are cut",
    async (ids, cuts) => {
      const bytes = Buffer.from(["first", ...ids].join("\n"));
      function* chunks() {
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          yield bytes.subarray(at, at + size);
          at += size;
        }
      }
      const read: unknown[] = [];
      for await (const row of readListOrRows(Readable.from(chunks()), "list")) read.push(row);
      expect(read).toEqual(
        ["first", ...ids].map((one, at) => ({ line: at + 1, values: { id: one } })),
      );
    },
  );
});
