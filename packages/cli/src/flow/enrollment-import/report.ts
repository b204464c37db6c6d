/** What is told of an import: the rows that failed, and how many there were of each kind. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { BulkMode } from "@dps-certs/dps-protocol";
import { usageError } from "../../errors.ts";
import { table } from "../../output/table.ts";
import type { RowFailure } from "./row.ts";

/** Failures that the result lists; a report lists them all. */
const LISTED = 100;

export interface Tally {
  rows: number;
  done: number;
  already: number;
  failed: number;
  /** The first of them. */
  failures: RowFailure[];
  /** By code. */
  kinds: Map<string, { count: number; first: RowFailure }>;
}

export const emptyTally = (): Tally => ({
  rows: 0,
  done: 0,
  already: 0,
  failed: 0,
  failures: [],
  kinds: new Map(),
});

export function count(tally: Tally, what: "done" | "already" | RowFailure): void {
  tally.rows += 1;
  if (typeof what === "string") {
    tally[what] += 1;
    return;
  }
  tally.failed += 1;
  if (tally.failures.length < LISTED) tally.failures.push(what);
  const kind = tally.kinds.get(what.code);
  tally.kinds.set(what.code, { count: (kind?.count ?? 0) + 1, first: kind?.first ?? what });
}

const HEADINGS: Readonly<Record<BulkMode | "check", readonly [done: string, already: string]>> = {
  create: ["CREATED", "THERE ALREADY"],
  update: ["UPDATED", "AS THEY WERE"],
  updateIfMatchETag: ["UPDATED", "AS THEY WERE"],
  delete: ["DELETED", "GONE ALREADY"],
  check: ["GOOD", ""],
};

/** @param mode - `check` where nothing was sent */
export function tallyText(mode: BulkMode | "check", tally: Tally): string {
  const [done, already] = HEADINGS[mode];
  const summary =
    mode === "check"
      ? table(["ROWS", done, "BAD"], [[tally.rows, tally.done, tally.failed].map(String)])
      : table(
          ["ROWS", done, already, "FAILED"],
          [[tally.rows, tally.done, tally.already, tally.failed].map(String)],
        );
  if (tally.failed === 0) return summary;
  const rows = [...tally.kinds].map(([code, { count: times, first }]) => [
    code,
    String(times),
    String(first.line),
    first.message,
  ]);
  return `${summary}\n${table(["ERROR", "ROWS", "FIRST LINE", "MESSAGE"], rows)}`;
}

export interface FailureReport {
  add: (failure: RowFailure) => void;
  close: () => void;
}

/**
 * A file with one JSON object for each row that failed. Written at once, so that an interruption loses
 * none. A report of an earlier run is replaced, any other file is left alone.
 *
 * @throws {CliError} `usage`
 */
export function openReport(path: string): FailureReport {
  const file = create(path) ?? replace(path);
  return {
    add: (failure) => {
      writeSync(file, `${JSON.stringify(failure)}\n`);
    },
    close: () => closeSync(file),
  };
}

function create(path: string): number | undefined {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return undefined;
    throw usageError(`cannot write the report ${path}: ${code}`);
  }
}

function replace(path: string): number {
  if (isReport(beginningOf(path))) return openSync(path, "w", 0o600);
  throw usageError(
    `${path} is there, and is no report of an import`,
    "name another file with --report",
  );
}

/** Longer than the first line of any report. */
const MAX_LINE_BYTES = 64 * 1024;

function beginningOf(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(MAX_LINE_BYTES);
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, MAX_LINE_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return "not to be read";
  }
}

function isReport(text: string): boolean {
  if (text === "") return true;
  try {
    const { line, code, message } = JSON.parse(text.split("\n")[0] ?? "") as Record<
      string,
      unknown
    >;
    return Number.isInteger(line) && [code, message].every((one) => typeof one === "string");
  } catch {
    return false;
  }
}
