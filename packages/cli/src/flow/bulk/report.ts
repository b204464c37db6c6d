/** What is told of a bulk run besides its devices. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { BadRow, RepeatedDevice } from "@dps-certs/ca-tools";
import { CliError, type ErrorReport, reportOf } from "../../errors.ts";
import type { Reporter } from "../../output/reporter.ts";

/** Rows that are told one by one, and those that the result lists. */
const [TOLD, LISTED] = [20, 100];

export interface FailedRow extends ErrorReport {
  line: number;
  id?: string;
}

export interface BulkReport {
  failed: (row: BadRow) => void;
  repeated: (device: RepeatedDevice) => void;
  /** The first rows that failed. */
  failures: readonly FailedRow[];
  /** The error with the line of the row that it is about, if it is a row's. */
  atLine: (error: unknown) => unknown;
  close: () => void;
}

/**
 * Tells of rows that failed as they come, and of all of them in a file if one is named: a JSON object a
 * line, behind what is in it already, as a run that goes on goes on with its report.
 *
 * @param isLast - whether the first row that fails ends the run, whose error tells of it then
 * @throws {CliError} `usage` for a file that cannot be written
 */
export function openBulkReport(
  report: Pick<Reporter, "warn">,
  { path, isLast }: { path: string | undefined; isLast: boolean },
): BulkReport {
  const file = path === undefined ? undefined : openAtEnd(path);
  const failures: FailedRow[] = [];
  const write = (value: unknown) => {
    if (file !== undefined) writeSync(file, `${JSON.stringify(value)}\n`);
  };
  let count = 0;
  let last: BadRow | undefined;
  return {
    failures,
    failed: (bad) => {
      const { line, id, problem } = bad;
      count += 1;
      last = bad;
      const row = { line, ...(id !== undefined && { id }), ...reportOf(problem) };
      write(row);
      if (count <= LISTED) failures.push(row);
      if (count > TOLD || isLast) return;
      const hint = row.hint === undefined ? "" : `; ${row.hint}`;
      report.warn(`line ${line}: ${row.message}${hint}`);
      if (count === TOLD)
        report.warn("further rows that fail are counted; --report FILE lists all");
    },
    repeated: ({ id, serialNumber, before }) => {
      write({ id, code: "repeated", serialNumber, before });
      report.warn(
        `${id} was made once more, as it may not have arrived: serial number ${serialNumber}, before ${before.join(", ")}`,
      );
    },
    atLine: (error) => {
      if (last === undefined || error !== last.problem) return error;
      const { message, hint } = reportOf(error);
      return new CliError("bad-row", `line ${last.line}: ${message}`, { hint, cause: error });
    },
    close: () => {
      if (file !== undefined) closeSync(file);
    },
  };
}

function openAtEnd(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (cause) {
    throw notWritable(path, cause as NodeJS.ErrnoException);
  }
}

const notWritable = (path: string, cause: NodeJS.ErrnoException) =>
  new CliError("usage", `cannot write the report ${path}: ${cause.code ?? cause.message}`, {
    cause,
  });
