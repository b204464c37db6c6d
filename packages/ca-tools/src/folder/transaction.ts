/**
 * Changes to a PKI folder that happen as a whole or not at all, over any crash.
 *
 * Everything is written and flushed under temporary names first; then one rename puts the intent
 * into `.pending/`, which is the point of no return; then the intent is carried out (moves, renames
 * in the order given, rows of index.txt, revocations in it) and removed. What a later command finds in `.pending/` it
 * carries out; temporary files that no intent names it removes. Only the holder of the folder's lock
 * does any of this.
 */
import { randomBytes } from "node:crypto";
import { mkdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RevocationReason } from "../x509/reasons.ts";
import { inBatches } from "./batches.ts";
import { checkChange } from "./check-change.ts";
import {
  createFlushed,
  exists,
  listNames,
  onPath,
  PUBLIC_MODE,
  SECRET_MODE,
  syncFolder,
  syncFoldersOf,
} from "./files.ts";
import { revocationField } from "./index-row.ts";
import { carryOut, type Intent, intentText, PENDING, type Rename, readIntent } from "./intent.ts";
import { FOLDERS, INDEX_FILE, RUNS, TEMPORARY } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import { refuseLinks } from "./reach.ts";

export interface NewFile {
  /** Relative to the folder. */
  path: string;
  data: string | Uint8Array;
  /** Mode 0600 instead of 0644. */
  secret?: boolean;
  /** @default false: a file that is there already fails the change. */
  replace?: boolean;
}

export interface Revocation {
  /** Upper-case hex, as in index.txt. */
  serialNumber: string;
  at: Date;
  /** @default none is given */
  reason?: RevocationReason;
}

export interface Change {
  /** Carried out first, each if its source is there. */
  moves?: readonly Rename[];
  /** Put in place in this order. */
  files: readonly NewFile[];
  /** For index.txt. */
  rows?: readonly string[];
  /** Of certificates that index.txt lists, or that `rows` adds. Those revoked before stay as they are. */
  revocations?: readonly Revocation[];
}

/**
 * Makes the change.
 *
 * @throws {CaToolsError} `exists` before anything is changed, when a file is there already; `locked`
 * when the lock was lost meanwhile, with nothing changed
 */
export async function commit(folder: string, change: Change, lock: HeldLock): Promise<void> {
  const moves = await checkChange(folder, change);
  const id = randomBytes(6).toString("hex");
  const files = change.files.map(({ path }, index) => ({
    from: join(dirname(path), `${TEMPORARY}${id}-${index}`).replaceAll("\\", "/"),
    to: path,
  }));
  const revocations = (change.revocations ?? []).map(({ serialNumber, at, reason }) => ({
    serialNumber,
    field: revocationField(at, reason),
  }));
  const intent: Intent = { moves, files, rows: [...(change.rows ?? [])], revocations };
  try {
    await writeTemporaries(folder, change.files, files);
    await putIntent(folder, id, intent, lock);
  } catch (error) {
    await discard(folder, id, files);
    throw error;
  }
  await carryOut(folder, `${id}.json`, intent, lock);
}

async function writeTemporaries(
  folder: string,
  files: readonly NewFile[],
  names: readonly Rename[],
): Promise<void> {
  await inBatches(files, async ({ data, secret }, index) => {
    const path = join(folder, names[index]?.from ?? "");
    await onPath(path, () => createFlushed(path, data, secret ? SECRET_MODE : PUBLIC_MODE));
  });
  await syncFoldersOf(names.map(({ from }) => join(folder, from)));
}

async function putIntent(
  folder: string,
  id: string,
  intent: Intent,
  lock: HeldLock,
): Promise<void> {
  const pending = join(folder, PENDING);
  await onPath(pending, () => mkdir(pending, { recursive: true, mode: 0o700 }));
  const draft = join(pending, `${TEMPORARY}${id}`);
  await onPath(draft, () => createFlushed(draft, intentText(intent), SECRET_MODE));
  await lock.assertHeld();
  await rename(draft, join(pending, `${id}.json`));
  await syncFolder(pending);
}

/** Removes what a change that failed has written, unless its intent is in place after all. */
async function discard(folder: string, id: string, files: readonly Rename[]): Promise<void> {
  if (await exists(join(folder, PENDING, `${id}.json`))) return;
  const written = [...files.map(({ from }) => from), join(PENDING, `${TEMPORARY}${id}`)];
  // What cannot be removed now, the next command removes.
  await inBatches(written, (path) => unlink(join(folder, path)).catch(() => undefined));
}

/** Whether an earlier command was interrupted in this folder, or left a private key behind. */
export async function isPending(folder: string): Promise<boolean> {
  if ((await listNames(join(folder, PENDING))).length > 0) return true;
  const keys = await listNames(join(folder, "private"));
  return keys.some((name) => name.startsWith(TEMPORARY));
}

/**
 * Finishes what was intended, and removes what was not yet.
 *
 * @throws {CaToolsError} `damaged-folder` for an intent that is none, and where a link leads out
 */
export async function recover(folder: string, lock: HeldLock): Promise<void> {
  await lock.assertHeld();
  await refuseLinks(folder, [...FOLDERS, RUNS, PENDING, INDEX_FILE]);
  for (const name of await listNames(join(folder, PENDING))) {
    if (name.startsWith(TEMPORARY)) await unlink(join(folder, PENDING, name));
    else await carryOut(folder, name, await readIntent(folder, name), lock);
  }
  for (const sub of [".", ...FOLDERS, RUNS]) {
    const names = await listNames(join(folder, sub));
    const left = names.filter((name) => name.startsWith(TEMPORARY));
    await inBatches(left, (name) => unlink(join(folder, sub, name)));
  }
}
