/**
 * An intent says what a change will do. Once it is in `.pending/` it is carried out, by the command
 * that wrote it or by the next one: every step may be done again.
 */
import { mkdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { CaToolsError } from "../errors.ts";
import { exists, isMissing, onPath, readText, syncFolder, syncFoldersOf } from "./files.ts";
import { appendMissingRows } from "./index-file.ts";
import { type RowRevocation, revokeRows } from "./index-revoke.ts";
import { ARCHIVE, INDEX_FILE, TEMPORARY } from "./layout.ts";
import type { HeldLock } from "./lock.ts";

export const PENDING = ".pending";
/** 100,000 devices. */
const MAX_INTENT_BYTES = 128 * 1024 * 1024;

/** `folder/file` or `file`, and no way out of the folder. */
const RelativePath = v.pipe(
  v.string(),
  v.regex(/^(?:[A-Za-z0-9][A-Za-z0-9-]*\/){0,2}[A-Za-z0-9%._~-]+$/),
  v.check((path) => !path.split("/").some((part) => part === ".." || part === ".")),
);
/** What takes a place is one of our temporaries, and what makes room goes to an archive. */
const Temporary = v.pipe(
  RelativePath,
  v.check((path) => basename(path).startsWith(TEMPORARY)),
);
const Archived = v.pipe(RelativePath, v.startsWith(ARCHIVE));

export interface Rename {
  from: string;
  to: string;
}

export interface Intent {
  /** Files that are there and make room. */
  moves: Rename[];
  /** Temporary files that take their places, in this order. */
  files: Rename[];
  rows: string[];
  /** For rows that are there, or come with this change. */
  revocations: RowRevocation[];
}

const RevocationSchema: v.GenericSchema<unknown, RowRevocation> = v.object({
  serialNumber: v.pipe(v.string(), v.regex(/^[0-9A-F]{2,64}$/)),
  field: v.pipe(v.string(), v.regex(/^\d{12,14}Z(?:,[A-Za-z]+)?$/)),
});

const IntentSchema: v.GenericSchema<unknown, Intent> = v.object({
  moves: v.array(v.object({ from: RelativePath, to: Archived })),
  files: v.array(v.object({ from: Temporary, to: RelativePath })),
  rows: v.array(v.string()),
  revocations: v.optional(v.array(RevocationSchema), []),
});

/** The intent as a file. What could not be read again is refused before anything is changed. */
export function intentText(intent: Intent): string {
  return JSON.stringify(v.parse(IntentSchema, intent));
}

/**
 * Reads an intent that an interrupted command left.
 *
 * @throws {CaToolsError} `damaged-folder`
 */
export async function readIntent(folder: string, name: string): Promise<Intent> {
  const path = join(folder, PENDING, name);
  const text = await readText(path, MAX_INTENT_BYTES);
  try {
    return v.parse(IntentSchema, JSON.parse(text ?? ""));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause: unknown): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is damaged: it names no change`, {
    cause,
    file: path,
    hint: "delete the file; files that its command did not finish can be made again",
  });
}

/**
 * Does, or goes on with, what the intent says, and removes it.
 *
 * @throws {CaToolsError} `locked` when the lock was lost meanwhile: then its next holder does the rest
 */
export async function carryOut(
  folder: string,
  name: string,
  intent: Intent,
  lock: HeldLock,
): Promise<void> {
  await makeRoom(folder, intent.moves, lock);
  for (const { from, to } of intent.files) {
    await renameIfThere(join(folder, from), join(folder, to), lock);
  }
  await lock.assertHeld();
  const index = join(folder, INDEX_FILE);
  if (intent.rows.length > 0) await appendMissingRows(index, intent.rows);
  if (intent.revocations.length > 0) await revokeRows(index, intent.revocations, lock);
  await syncFoldersOf(intent.files.map(({ to }) => join(folder, to)));
  await unlink(join(folder, PENDING, name)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

async function makeRoom(folder: string, moves: readonly Rename[], lock: HeldLock): Promise<void> {
  for (const { from, to } of moves) {
    // Every move was of a file that was there: once moved, what stands at `from` took its place.
    if (await exists(join(folder, to))) continue;
    await mkdir(join(folder, dirname(to)), { recursive: true, mode: 0o700 });
    await renameIfThere(join(folder, from), join(folder, to), lock);
  }
  if (moves.length === 0) return;
  // On disk before anything takes the place of what moved, or a power cut could swap the two.
  await syncFoldersOf(moves.map(({ to }) => join(folder, to)));
  await syncFoldersOf(moves.map(({ to }) => join(folder, dirname(to))));
  await syncFoldersOf(moves.map(({ from }) => join(folder, from)));
  await syncFolder(folder);
}

/** A source that is gone was renamed before the crash. */
async function renameIfThere(from: string, to: string, lock: HeldLock): Promise<void> {
  if (!(await exists(from))) return;
  await lock.assertHeld();
  await onPath(to, () => rename(from, to));
}
