/** How far a bulk run came: `.bulk/<run>.json`, changed with each batch in the same transaction. */
import { hash } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import { CaToolsError } from "../errors.ts";
import { readText } from "../folder/files.ts";
import { RUNS } from "../folder/layout.ts";

/** Some thousand devices whose delivery is uncertain. */
const MAX_STATE_BYTES = 4 * 1024 * 1024;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Serial = v.pipe(v.string(), v.regex(/^[0-9A-F]{2,40}$/));

const RunStateSchema = v.object({
  version: v.literal(1),
  /** Rows of the input that were dealt with. */
  rows: Count,
  /** Of these rows, see {@link digestRow}: another input is not gone on with. */
  digest: v.string(),
  made: Count,
  failed: Count,
  /** Of an output file: its length that counts, and the serial number of the last device in it. */
  file: v.optional(v.object({ bytes: Count, last: v.nullable(Serial) })),
  /** Of an output folder: temporary files with this in their names are devices, and go to their places. */
  placing: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{12}$/))),
  /** Of a stream: devices that may not have reached the reader, by their rows. */
  uncertain: v.optional(v.array(v.tuple([Count, v.string(), v.array(Serial)]))),
});

export interface RunState {
  version: 1;
  rows: number;
  digest: string;
  made: number;
  failed: number;
  file?: { bytes: number; last: string | null } | undefined;
  placing?: string | undefined;
  uncertain?: [row: number, id: string, serialNumbers: string[]][] | undefined;
}

export const NOTHING_DONE: RunState = { version: 1, rows: 0, digest: "", made: 0, failed: 0 };

/** Name of a run, made of everything that makes its devices what they are: 16 hex digits. */
export const fleetRunName = (parts: unknown): string =>
  hash("sha256", JSON.stringify(parts)).slice(0, 16);

/** Relative to the PKI folder. */
export const runStatePath = (run: string): string => `${RUNS}/${run}.json`;

export const runStateText = (state: RunState): string => `${JSON.stringify(state)}\n`;

/**
 * What an interrupted run of this name left; undefined when there is none.
 *
 * @throws {CaToolsError} `damaged-folder`
 */
export async function readRunState(folder: string, run: string): Promise<RunState | undefined> {
  const path = join(folder, runStatePath(run));
  const text = await readText(path, MAX_STATE_BYTES);
  if (text === undefined) return undefined;
  try {
    return v.parse(RunStateSchema, JSON.parse(text));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause: unknown): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is damaged: it is no journal of a run`, {
    cause,
    file: path,
    hint: "delete the file; the command then begins anew",
  });
}

/** Digest of rows: of those before, and one more. */
export function digestRow(before: string, row: unknown): string {
  return hash("sha256", before + JSON.stringify(row), "base64");
}
