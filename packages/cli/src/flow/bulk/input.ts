/** Where the devices of a bulk run are named. */
import type { InputRow as FleetInputRow } from "@dps-certs/ca-tools";
import { checkNumberedIds, numberedId } from "../names.ts";
import { openInput } from "../rows/import-input.ts";
import { type InputRow, readRows } from "../rows/input-rows.ts";
import { decodeText, textLines } from "../rows/text-lines.ts";
import { BULK_COLUMNS, readBulkRow } from "./row.ts";

export type BulkSource =
  | { kind: "ids"; ids: readonly string[] }
  | { kind: "count"; count: number; prefix: string }
  /** A file, or `-` for standard input. */
  | { kind: "file"; from: string };

export interface BulkInput {
  rows: Iterable<FleetInputRow> | AsyncIterable<FleetInputRow>;
  /** How many there are, where that is known. */
  total?: number;
  /** What part of it was read, from 0 to 1; undefined where nobody knows how long it is. */
  fraction?: () => number | undefined;
  /** Whether no two ids can be the same. */
  distinct: boolean;
}

/**
 * Opens the source. Of a file and of standard input, rows are read as they are asked for.
 *
 * @param stdin - @default the process's
 * @throws {CliError} `usage` for numbered ids that are none, `not-found` for a file
 */
export async function openBulkInput(
  cwd: string,
  source: BulkSource,
  stdin?: AsyncIterable<Uint8Array>,
): Promise<BulkInput> {
  if (source.kind === "ids") {
    const rows = source.ids.map((id, at) => ({ line: at + 1, id }));
    return { rows, total: rows.length, distinct: false };
  }
  if (source.kind === "count") {
    checkNumberedIds(source.prefix, source.count);
    return { rows: numbered(source), total: source.count, distinct: true };
  }
  const { name, bytes, fraction } = await openInput(cwd, source.from, stdin);
  return { rows: rowsOf(bytes, name), fraction, distinct: false };
}

function* numbered({ prefix, count }: { prefix: string; count: number }): Generator<FleetInputRow> {
  for (let line = 1; line <= count; line += 1) yield { line, id: numberedId(prefix, line) };
}

async function* rowsOf(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<FleetInputRow, void, undefined> {
  for await (const row of readListOrRows(bytes, name)) yield readBulkRow(row);
}

/** Rows, or a plain list: a first line that is one word, and no column, is an id like the others. */
export async function* readListOrRows(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<InputRow, void, undefined> {
  const { first, all } = await firstLine(bytes);
  if (!isId(first)) {
    yield* readRows(all, { name, columns: BULK_COLUMNS });
    return;
  }
  for await (const { line, text } of textLines(decodeText(all, name))) {
    const id = text?.trim();
    if (id === undefined) yield { line, problem: "the line is too long" };
    else if (id !== "") yield { line, values: { id } };
  }
}

function isId(line: string): boolean {
  const word = line.trim().toLowerCase();
  return /^[\w.:-]+$/.test(word) && !BULK_COLUMNS.some((column) => column.toLowerCase() === word);
}

/** Longer than the names of all columns. */
const MAX_FIRST_LINE = 4096;

/** Reads up to the first line that is not blank, and gives that back with everything. */
async function firstLine(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ first: string; all: AsyncGenerator<Uint8Array, void, undefined> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let first = "";
  for (;;) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    first = Buffer.concat(chunks)
      .toString("utf8")
      .replace(/^\uFEFF/, "")
      .trimStart();
    if (first.includes("\n") || first.length > MAX_FIRST_LINE) break;
  }
  async function* all() {
    try {
      yield* chunks;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { first: first.split("\n")[0] ?? "", all: all() };
}
