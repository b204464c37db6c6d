/** What is looked at before a bulk run begins: what comes out later would leave it half done. */
import type { InputRow } from "@dps-certs/ca-tools";
import { type CliError, usageError } from "../../errors.ts";
import type { BulkInput } from "./input.ts";

type Rows = BulkInput["rows"];

/** Devices that the PKI folder takes at a time, one's files beside the other's. */
export const MAX_FLAT_DEVICES = 10_000;

export const tooManyFiles = (): CliError =>
  usageError(
    `the PKI folder takes ${MAX_FLAT_DEVICES} devices at a time`,
    "name another folder for their files with --out DIR, or a file for all with --as ndjson --out FILE",
  );

/**
 * The same rows, all of which are read before the first is given.
 *
 * @throws {CliError} `usage` when there are more than `limit`
 */
export async function* atMost(rows: Rows, limit: number): AsyncGenerator<InputRow> {
  const all: InputRow[] = [];
  for await (const row of rows) {
    if (all.push(row) > limit) throw tooManyFiles();
  }
  yield* all;
}

/** The same rows, the first of which is asked for at once: input that cannot be read is told then. */
export async function primed(rows: Rows): Promise<AsyncGenerator<InputRow>> {
  async function* all() {
    yield* rows;
  }
  const rest = all();
  const first = await rest.next();
  async function* again() {
    if (first.done) return;
    yield first.value;
    yield* rest;
  }
  return again();
}
