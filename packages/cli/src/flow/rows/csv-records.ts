import { parse } from "csv-parse/sync";
import { usageError } from "../../errors.ts";
import { MAX_ROW_LENGTH, type TextLine } from "./text-lines.ts";

/** A record of a CSV file (RFC 4180), which quotation marks may spread over lines. */
export type CsvRecord =
  | { line: number; cells: readonly string[] }
  | { line: number; problem: string };

/** Lines that one record may have. */
const MAX_LINES = 500;

/**
 * The records of a CSV file, blank lines left out. The first line says what separates: a comma, a
 * semicolon or a tab. A record whose quotation marks are wrong is a problem of its first line alone:
 * reading goes on with the next.
 */
export async function* csvRecords(
  lines: AsyncIterable<TextLine>,
): AsyncGenerator<CsvRecord, void, undefined> {
  let waiting: TextLine[] = [];
  let delimiter: string | undefined;
  const attempt = (isEnd: boolean): CsvRecord[] => {
    const records: CsvRecord[] = [];
    while (waiting.length > 0) {
      delimiter ??= delimiterOf(waiting[0]?.text ?? "");
      const taken = takeRecord(waiting, delimiter, isEnd);
      if (taken === undefined) break;
      waiting = waiting.slice(taken.lines);
      if (taken.record !== undefined) records.push(taken.record);
    }
    return records;
  };
  for await (const line of lines) {
    waiting.push(line);
    yield* attempt(false);
  }
  yield* attempt(true);
}

function delimiterOf(header: string): string {
  if (header.includes("\t")) return "\t";
  return header.includes(";") && !header.includes(",") ? ";" : ",";
}

interface Taken {
  /** Undefined for a blank line. */
  record: CsvRecord | undefined;
  lines: number;
}

/** @returns undefined where more lines are needed to tell */
function takeRecord(
  waiting: readonly TextLine[],
  delimiter: string,
  isEnd: boolean,
): Taken | undefined {
  const { line = 0, text } = waiting[0] ?? {};
  if (text?.trim() === "") return { record: undefined, lines: 1 };
  const bad = (problem: string): Taken => ({ record: { line, problem }, lines: 1 });
  if (text === undefined) return bad("the line is too long");
  const record = closedText(waiting);
  if (record === undefined) {
    const isHopeless = isEnd || waiting.length >= MAX_LINES || lengthOf(waiting) > MAX_ROW_LENGTH;
    return isHopeless ? bad("a quotation mark is not closed") : undefined;
  }
  const cells = cellsOf(record.text, delimiter);
  if (cells === undefined) return bad("its quotation marks are wrong");
  return { record: { line, cells }, lines: record.lines };
}

/** The first lines that together have an even number of quotation marks. */
function closedText(waiting: readonly TextLine[]): { text: string; lines: number } | undefined {
  let quotes = 0;
  const end = waiting.findIndex(({ text = "" }) => {
    quotes += text.split('"').length - 1;
    return quotes % 2 === 0;
  });
  if (end < 0) return undefined;
  const texts = waiting.slice(0, end + 1).map(({ text = "" }) => text);
  return { text: texts.join("\n"), lines: end + 1 };
}

const lengthOf = (lines: readonly TextLine[]): number =>
  lines.reduce((sum, { text }) => sum + (text?.length ?? MAX_ROW_LENGTH), 0);

/** The library's errors quote the text, which may hold keys. */
function cellsOf(text: string, delimiter: string): readonly string[] | undefined {
  // A tenth of the library's time: files of a million rows have no quotation marks at all.
  if (!text.includes('"')) return text.split(delimiter).map((cell) => cell.trim());
  try {
    const [cells = []] = parse(text, { delimiter, trim: true }) as string[][];
    return cells;
  } catch {
    return undefined;
  }
}

/**
 * The columns of a header, as they are known: upper and lower case do not count.
 *
 * @param name - of the input, for the error
 * @throws {CliError} `usage` for a column that is not known or is there twice
 */
export function readHeader(
  cells: readonly string[],
  known: readonly string[],
  name: string,
): string[] {
  const columns = cells.map((cell) => {
    const column = known.find((one) => one.toLowerCase() === cell.toLowerCase());
    if (column !== undefined) return column;
    throw usageError(
      `${name}: ${called(cell)} in the first line is no column`,
      `the first line names columns: ${known.join(", ")}`,
    );
  });
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice === undefined) return columns;
  throw usageError(`${name}: the column ${twice} is there twice`);
}

/** In a file without a first line of names it may be a key, which has more characters. */
const called = (cell: string): string => (/^[\w -]{1,20}$/.test(cell) ? `"${cell}"` : "a text");
