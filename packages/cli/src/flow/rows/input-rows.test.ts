import { Readable } from "node:stream";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type InputRow, type RowsOptions, readRows } from "./input-rows.ts";
import { MAX_ROW_LENGTH } from "./text-lines.ts";

const COLUMNS = ["registrationId", "deviceId", "initialTwin"];

/** @param sizes - of the chunks that the bytes come in, over and over */
function* chunked(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function rowsOf(
  text: string | Uint8Array,
  options: Partial<RowsOptions> = {},
  sizes: readonly number[] = [65_536],
): Promise<InputRow[]> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const given = { name: "input", columns: COLUMNS, ...options };
  const rows: InputRow[] = [];
  for await (const row of readRows(Readable.from(chunked(bytes, sizes)), given)) rows.push(row);
  return rows;
}

describe("rows of CSV", () => {
  it("have their values by column, and the line on which they begin", async () => {
    const text = '\uFEFFRegistrationID , deviceid\r\n a ,"x, ""y"""\r\n\r\n"b\n",\r\nc,d';
    expect(await rowsOf(text)).toEqual([
      { line: 2, values: { registrationId: "a", deviceId: 'x, "y"' } },
      { line: 4, values: { registrationId: "b\n" } },
      { line: 6, values: { registrationId: "c", deviceId: "d" } },
    ]);
  });

  it.each([";", "\t"])("may be separated by %j, as spreadsheets have it", async (separator) => {
    const text = `registrationId${separator}initialTwin\na${separator}"{""x"":1,""y"":2}"\n`;
    expect(await rowsOf(text)).toEqual([
      { line: 2, values: { registrationId: "a", initialTwin: '{"x":1,"y":2}' } },
    ]);
  });

  it("that are bad are told by their lines, and the others are read", async () => {
    const text = 'registrationId,deviceId\na,b\nc\nd,e,f\ng,"h"i\nj,k\nl,"m\nn,o\np,q"r\ns,t\n';
    const rows = await rowsOf(text);
    expect(rows.map((row) => ("values" in row ? row.values.registrationId : row.line))).toEqual([
      "a",
      3,
      4,
      5,
      "j",
      7,
      "n",
      9,
      "s",
    ]);
    const problems = rows.flatMap((row) => ("problem" in row ? [row.problem] : []));
    expect(problems).toEqual([
      "it has 1 cells for 2 columns",
      "it has 3 cells for 2 columns",
      "its quotation marks are wrong",
      "its quotation marks are wrong",
      "a quotation mark is not closed",
    ]);
  });

  it("that are far too long are told, and forgotten", async () => {
    const long = "x".repeat(2 * MAX_ROW_LENGTH);
    const rows = await rowsOf(`registrationId\na\n${long}\nb\n`, {}, [100_000]);
    expect(rows.map(({ line }) => line)).toEqual([2, 3, 4]);
    expect(rows[1]).toEqual({ line: 3, problem: "the line is too long" });
  });

  it.each([
    ["registrationid,colour\na,b\n", /"colour" in the first line is no column/],
    ["deviceId,DEVICEID\na,b\n", /deviceId is there twice/],
    ["sensor-1\nsensor-2\n", /"sensor-1" in the first line is no column/],
    ["MDEyMzQ1Njc4OWFiY2RlZg==,x\n", /^input: a text in the first line is no column/],
    ['"registrationId\na\n', /line 1: a quotation mark/],
    [Uint8Array.from([0x61, 0xff, 0x0a]), /no text in UTF-8/],
    [Uint8Array.from([0x61, 0xc3]), /no text in UTF-8/],
  ])("%j: refused before anything is read", async (text, words) => {
    await expect(rowsOf(text)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(words),
    });
  });

  const cell = fc.string({ unit: "grapheme" }).map((text) => text.trim().replaceAll("\r", ""));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  test.prop([
    fc.array(fc.tuple(cell, cell), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  ])("are what was written, however the bytes are cut", async (records, sizes) => {
    const lines = records.map(
      ([a, b]) => `x${quoted(`${a}`).slice(0, 0)},${quoted(a)},${quoted(b)}`,
    );
    const text = ["registrationId,deviceId,initialTwin", ...lines].join("\n");
    const rows = await rowsOf(text, { format: "csv" }, sizes);
    const values = rows.map((row) => ("values" in row ? row.values : row));
    expect(values).toEqual(
      records.map(([deviceId, initialTwin]) => ({
        registrationId: "x",
        ...(deviceId && { deviceId }),
        ...(initialTwin && { initialTwin }),
      })),
    );
  });
});

describe("rows of JSON", () => {
  it("are an array's elements, each with the line on which it begins", async () => {
    const rows = await rowsOf('\n[ {"a": "]}\\"["},\n\n {"b":\n{"c":[1,2]}} ,{"d":3}\n]\n');
    expect(rows).toEqual([
      { line: 2, values: { a: ']}"[' } },
      { line: 4, values: { b: { c: [1, 2] } } },
      { line: 5, values: { d: 3 } },
    ]);
  });

  it("that are no objects are told by their lines", async () => {
    const rows = await rowsOf('[{"a":1}, 5,\n"x", [1], {"b" 2}, null, {"c":3}]');
    expect(rows.map(({ line, ...row }) => [line, Object.keys(row)[0]])).toEqual([
      [1, "values"],
      [1, "problem"],
      [2, "problem"],
      [2, "problem"],
      [2, "problem"],
      [2, "problem"],
      [2, "values"],
    ]);
  });

  it("that do not end are told", async () => {
    expect(await rowsOf('[{"a":1},\n{"b":2,\n{"c":3}')).toMatchObject([
      { line: 1 },
      { line: 2, problem: expect.stringContaining("does not end") },
    ]);
  });

  it.each(["x.ndjson", "x.JSONL", "input"])("may stand one a line in %s", async (name) => {
    expect(await rowsOf('{"a":1}\r\n\r\n{"b":\n{"c":3}', { name })).toEqual([
      { line: 1, values: { a: 1 } },
      { line: 3, problem: "it is no JSON" },
      { line: 4, values: { c: 3 } },
    ]);
  });

  it("never quote what they hold in a problem", async () => {
    const secret = "c2VjcmV0LWtleQ";
    for (const text of [`["${secret}]`, `{"k": ${secret}}`, `registrationId\n"${secret}`]) {
      expect(JSON.stringify(await rowsOf(text))).not.toContain(secret);
    }
  });

  test.prop([
    fc.array(fc.object({ maxDepth: 3 }), { maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom(undefined, 2),
  ])("are what was written, however the bytes are cut", async (objects, sizes, space) => {
    const plain = JSON.parse(JSON.stringify(objects)) as unknown[];
    const rows = await rowsOf(JSON.stringify(plain, undefined, space), { format: "json" }, sizes);
    expect(rows.map((row) => "values" in row && row.values)).toEqual(plain);
  });
});
