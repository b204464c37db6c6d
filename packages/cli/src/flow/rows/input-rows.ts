/** Rows of data that people hand in: CSV, a JSON array, or one JSON object a line. */
import { usageError } from "../../errors.ts";
import { csvRecords, readHeader } from "./csv-records.ts";
import { type JsonElement, jsonElements } from "./json-elements.ts";
import { decodeText, textLines } from "./text-lines.ts";

export const ROW_FORMATS = ["csv", "json", "ndjson"] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

export type InputRow =
  | {
      /** On which it begins, from 1. */
      line: number;
      /** By column or member; empty cells of CSV are left out. */
      values: Readonly<Record<string, unknown>>;
    }
  | {
      line: number;
      /** Why it cannot be read; quotes nothing of it. */
      problem: string;
    };

export interface RowsOptions {
  /** What the input is called in errors. */
  name: string;
  /** @default what the name's ending says, else what the first character does */
  format?: RowFormat | undefined;
  /** Columns that CSV may have. */
  columns: readonly string[];
}

/**
 * Reads rows one by one, without holding the others.
 *
 * @throws {CliError} `usage` for input that is no UTF-8, or whose first line names no columns
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  { name, format = formatOf(name), columns }: RowsOptions,
): AsyncGenerator<InputRow, void, undefined> {
  const { first, all } = await peek(decodeText(bytes, name));
  const chosen = format ?? guess(first);
  if (chosen === "csv") yield* fromCsv(all, columns, name);
  else if (chosen === "json") yield* fromJson(jsonElements(all));
  else yield* fromJson(textLines(all));
}

/** By the name's ending. */
function formatOf(name: string): RowFormat | undefined {
  const ending = /\.(csv|tsv|json|ndjson|jsonl)$/i.exec(name)?.[1]?.toLowerCase();
  if (ending === "jsonl") return "ndjson";
  return ending === "tsv" ? "csv" : (ending as RowFormat | undefined);
}

function guess(text: string): RowFormat {
  const [character] = text.trimStart();
  if (character === "[") return "json";
  return character === "{" ? "ndjson" : "csv";
}

/** Reads until something is there to be looked at, and gives that back with the rest. */
async function peek(
  chunks: AsyncGenerator<string, void, undefined>,
): Promise<{ first: string; all: AsyncGenerator<string, void, undefined> }> {
  let first = "";
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    first += next.value;
    if (first.trim() !== "") break;
  }
  async function* all() {
    try {
      yield first;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return { first, all: all() };
}

async function* fromCsv(
  chunks: AsyncIterable<string>,
  known: readonly string[],
  name: string,
): AsyncGenerator<InputRow, void, undefined> {
  let columns: string[] | undefined;
  for await (const record of csvRecords(textLines(chunks))) {
    if (columns === undefined) {
      if ("problem" in record) throw usageError(`${name}, line ${record.line}: ${record.problem}`);
      columns = readHeader(record.cells, known, name);
    } else yield "problem" in record ? record : csvRow(record, columns);
  }
}

function csvRow(
  { line, cells }: { line: number; cells: readonly string[] },
  columns: readonly string[],
): InputRow {
  if (cells.length !== columns.length) {
    return { line, problem: `it has ${cells.length} cells for ${columns.length} columns` };
  }
  const filled = columns.map((column, at) => [column, cells[at] ?? ""] as const);
  return { line, values: Object.fromEntries(filled.filter(([, cell]) => cell !== "")) };
}

async function* fromJson(
  elements: AsyncIterable<JsonElement>,
): AsyncGenerator<InputRow, void, undefined> {
  for await (const { line, text, isOpen } of elements) {
    if (text?.trim() === "") continue;
    if (isOpen) yield { line, problem: "it does not end, and what follows cannot be told from it" };
    else if (text === undefined) yield { line, problem: "it is too long" };
    else yield jsonRow(line, text);
  }
}

function jsonRow(line: number, text: string): InputRow {
  try {
    const values: unknown = JSON.parse(text);
    const isObject = typeof values === "object" && values !== null && !Array.isArray(values);
    if (isObject) return { line, values: values as Record<string, unknown> };
    return { line, problem: "it is no JSON object" };
  } catch {
    // The engine's own message quotes the text.
    return { line, problem: "it is no JSON" };
  }
}
