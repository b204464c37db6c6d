import { resolve } from "node:path";
import { type BulkMode, idKey } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { createProgress } from "../../output/progress.ts";
import { plural, shortPath } from "../../output/text.ts";
import { withConnection } from "../../target/connect.ts";
import type { Connection } from "../../target/connection.ts";
import { openInput } from "../rows/import-input.ts";
import { type InputRow, type RowFormat, readRows } from "../rows/input-rows.ts";
import { createDoubts, readImportedCertificate } from "./certificate.ts";
import { IMPORT_COLUMNS } from "./columns.ts";
import { openReport } from "./report.ts";
import { type ImportItem, isFailure, readImportRow } from "./row.ts";
import { createImportRun, type ImportRun, onInterrupt, tellFailures, tellResult } from "./run.ts";
import { sendRows } from "./send.ts";

export interface ImportOptions {
  /** File, or `-` for standard input. */
  from: string;
  /** @default what the file's name or its first character says */
  format: RowFormat | undefined;
  mode: BulkMode;
  /** File for the rows that fail. */
  report: string | undefined;
  /** Checks all rows and sends nothing. */
  dryRun: boolean;
  /** Ends with the first row that fails. */
  failFast: boolean;
  /** Requests under way at once. */
  concurrency: number;
}

/**
 * Imports enrollments, ten a request. Whatever interrupts it, it can be run again.
 *
 * @returns the exit status: 1 where rows failed, 130 after an interruption
 */
export async function importEnrollments(context: Context, options: ImportOptions): Promise<number> {
  const { io, report } = context;
  const { from, format, mode, dryRun } = options;
  const input = await openInput(io.cwd, from);
  const source = readRows(input.bytes, { name: input.name, format, columns: IMPORT_COLUMNS });
  // A file that is no such file is told before anything is sent.
  const first = await source.next();
  const file = options.report === undefined ? undefined : resolve(io.cwd, options.report);
  const failures = file === undefined ? undefined : openReport(file);
  const title = dryRun ? "checking" : "importing";
  const progress = createProgress(report, io, { title, noun: "row", fraction: input.fraction });
  const run = createImportRun(report, {
    failFast: options.failFast,
    progress: progress.add,
    write: (failure) => failures?.add(failure),
    onStop: input.stop,
  });
  const doubts = createDoubts(io.now());
  const items = itemsOf(chain(first, source), run, mode, async (id, given) => {
    const certificate = await readImportedCertificate(input.folder, given);
    doubts.look(id, certificate);
    return certificate.toString();
  });
  const release = onInterrupt(io, () => run.stop("interrupted"));
  try {
    if (dryRun) await check(context, items, run);
    else await send(context, input.name, items, run, options);
  } finally {
    input.stop();
    release();
    progress.end();
    failures?.close();
  }
  doubts.warn(report);
  if (file === undefined) tellFailures(report, run);
  else tellFailures(report, run, shortPath(io.cwd, file));
  return tellResult(report, run, options);
}

/** A generator whose first value was asked for already. */
async function* chain<T>(
  first: IteratorResult<T, void>,
  rest: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** The rows that can be sent; the others are told. */
async function* itemsOf(
  rows: AsyncIterable<InputRow>,
  run: ImportRun,
  mode: BulkMode,
  readCertificate: (id: string, given: string) => Promise<string>,
): AsyncGenerator<ImportItem, void, undefined> {
  try {
    for await (const row of rows) {
      if (run.stopped) return;
      const item = await readImportRow(row, mode, readCertificate);
      if (!isFailure(item)) yield item;
      else run.failed(item);
    }
  } catch (error) {
    // Reading was ended from here.
    if (!run.stopped) throw error;
  }
}

async function check(
  { report }: Context,
  items: AsyncIterable<ImportItem>,
  run: ImportRun,
): Promise<void> {
  const lines = new Map<string, number>();
  let [twice, first] = [0, ""];
  for await (const { id, line } of items) {
    const before = lines.get(idKey(id));
    if (before !== undefined && first === "") first = `${id} in lines ${before} and ${line}`;
    if (before !== undefined) twice += 1;
    lines.set(idKey(id), line);
    run.done("done");
  }
  if (twice > 0) report.warn(`${plural(twice, "row")} with an id that was there before: ${first}`);
}

async function send(
  context: Context,
  name: string,
  items: AsyncIterable<ImportItem>,
  run: ImportRun,
  { mode, concurrency }: ImportOptions,
): Promise<void> {
  // A deletion has its own question.
  const readOnly = mode === "delete";
  await withConnection(context, { readOnly }, async ({ enrollments }: Connection) => {
    if (mode === "delete") await confirmDeletion(context, name);
    const outcomes = sendRows(enrollments.enrollments, items, { mode, concurrency });
    for await (const outcome of outcomes) {
      if (outcome.is === "failed") run.failed(outcome.failure);
      else run.done(outcome.is);
    }
  });
}

async function confirmDeletion({ io, yes }: Context, name: string): Promise<void> {
  if (yes) return;
  if (io.confirm === undefined) {
    throw new CliError("not-confirmed", "this deletes, and there is no terminal to ask on", {
      hint: "say --yes to go ahead",
    });
  }
  if (await io.confirm(`Delete the enrollments that ${name} names?`)) return;
  throw new CliError("not-confirmed", "nothing was deleted");
}
