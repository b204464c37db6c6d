/**
 * An intent says what a change will do. Once it is in `.pending/` it is carried out, by the command
 * that wrote it or by the next one: every step may be done again.
 */
import { mkdir, rename, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { CaToolsError } from "../errors.ts";
import {
  exists,
  isMissing,
  onPath,
  PUBLIC_MODE,
  readText,
  syncFolder,
  syncFoldersOf,
} from "./files.ts";
import { appendMissingRows } from "./index-file.ts";
import { type RowRevocation, revokeRows } from "./index-revoke.ts";
import { ARCHIVE, INDEX_FILE, isMovableName, isOwnPath, TEMPORARY } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import { refuseLinks } from "./reach.ts";

export const PENDING = ".pending";
/** 100,000 devices. */
const MAX_INTENT_BYTES = 128 * 1024 * 1024;

/** A folder may come from anywhere, and what an intent says is done unasked: it names no other files. */
const OwnPath = v.pipe(v.string(), v.check(isOwnPath));
/** What takes a place is one of our temporaries, and what makes room goes to an archive. */
const Temporary = v.pipe(
  v.string(),
  v.check((path) => basename(path).startsWith(TEMPORARY)),
  v.check((path) => isOwnPath(path.includes("/") ? path : `certs/${path}`)),
);
const Archived = v.pipe(
  v.string(),
  v.check((path) => {
    const [archive = "", ...rest] = path.split("/");
    return archive.startsWith(ARCHIVE) && isMovableName(archive) && isOwnPath(rest.join("/"));
  }),
);

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
  moves: v.array(v.object({ from: OwnPath, to: Archived })),
  files: v.array(v.object({ from: Temporary, to: OwnPath })),
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
  if (intent.rows.length > 0) await onPath(index, () => appendMissingRows(index, intent.rows));
  if (intent.revocations.length > 0) await revokeRows(index, intent.revocations, lock);
  await syncFoldersOf(intent.files.map(({ to }) => join(folder, to)));
  await unlink(join(folder, PENDING, name)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

async function makeRoom(folder: string, moves: readonly Rename[], lock: HeldLock): Promise<void> {
  const archives = [...new Set(moves.map(({ to }) => to.split("/")[0] ?? ""))];
  await refuseLinks(folder, [...archives, ...moves.map(({ to }) => dirname(to))]);
  for (const archive of archives) await beginArchive(join(folder, archive));
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

/** It holds private keys; the folder's own `.gitignore` may be somebody else's, and not know of it. */
async function beginArchive(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const ignored = join(path, ".gitignore");
  await onPath(ignored, () => writeFile(ignored, "*\n", { mode: PUBLIC_MODE }));
}

/** A source that is gone was renamed before the crash. */
async function renameIfThere(from: string, to: string, lock: HeldLock): Promise<void> {
  if (!(await exists(from))) return;
  await lock.assertHeld();
  await onPath(to, () => rename(from, to));
}
