/**
 * A batch of a bulk run becomes part of a PKI folder: as `commit` of the folder does it, with the same
 * intent, which any later command can finish; and without what a run can know by itself: that its names
 * are new, and its rows in no index yet.
 */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { exists, onPath } from "../folder/files.ts";
import { lacksLineFeed } from "../folder/index-file.ts";
import { type Intent, intentText, PENDING, type Rename } from "../folder/intent.ts";
import { INDEX_FILE, RUNS, TEMPORARY } from "../folder/layout.ts";
import type { HeldLock } from "../folder/lock.ts";
import type { FleetFile } from "./device-output.ts";
import type { Disk } from "./disk.ts";
import { inSlices } from "./slices.ts";
import { flushFolders, writeFiles } from "./write-files.ts";

export interface BatchChange {
  /** Paths that are not there yet, but for those with `replace`. The caller has looked. */
  files: readonly FleetFile[];
  /** Of certificates that were made a moment ago. */
  rows: readonly string[];
}

/** @throws {CaToolsError} `locked`; `not-writable`, with nothing changed */
export async function commitBatch(
  folder: string,
  { files, rows }: BatchChange,
  lock: HeldLock,
  disk: Disk,
): Promise<void> {
  const id = randomBytes(6).toString("hex");
  const renames = files.map(({ path }, n) => ({ from: temporaryOf(path, id, n), to: path }));
  const intent: Intent = { moves: [], files: renames, rows: [...rows], revocations: [] };
  try {
    await onPath(folder, () => writeTemporaries(folder, files, renames, disk));
    await onPath(folder, () => putIntent(folder, id, intent, lock, disk));
  } catch (error) {
    await discard(folder, id, renames, disk);
    throw error;
  }
  await carryOut(folder, id, intent, lock, disk);
}

const temporaryOf = (path: string, id: string, n: number) =>
  `${dirname(path)}/${TEMPORARY}${id}-${n}`;

async function writeTemporaries(
  folder: string,
  files: readonly FleetFile[],
  renames: readonly Rename[],
  disk: Disk,
): Promise<void> {
  disk.makeFolder(join(folder, RUNS), 0o700);
  const temporaries = new Map(renames.map(({ from, to }) => [to, join(folder, from)]));
  const place = (path: string) => temporaries.get(path) ?? join(folder, path);
  const placed = files.map(({ path, sameAs, ...file }) => ({
    ...file,
    path: place(path),
    ...(sameAs !== undefined && { sameAs: place(sameAs) }),
  }));
  await writeFiles(disk, placed);
}

async function putIntent(
  folder: string,
  id: string,
  intent: Intent,
  lock: HeldLock,
  disk: Disk,
): Promise<void> {
  const pending = join(folder, PENDING);
  disk.makeFolder(pending, 0o700);
  const draft = join(pending, `${TEMPORARY}${id}`);
  await writeFiles(disk, [{ path: draft, data: intentText(intent), secret: true }]);
  await lock.assertHeld();
  disk.rename(draft, join(pending, `${id}.json`));
  await disk.flushFolder(pending);
}

/** The lock is looked at between slices: a process that was suspended wakes up in one of them. */
async function carryOut(
  folder: string,
  id: string,
  { files, rows }: Intent,
  lock: HeldLock,
  disk: Disk,
): Promise<void> {
  for (let at = 0; at < files.length; at += RENAMES) {
    await lock.assertHeld();
    await inSlices(files.slice(at, at + RENAMES), ({ from, to }) =>
      disk.rename(join(folder, from), join(folder, to)),
    );
  }
  await lock.assertHeld();
  const index = join(folder, INDEX_FILE);
  if (rows.length > 0) await onPath(index, () => appendRows(index, rows, disk));
  const places = files.map(({ to }) => join(folder, to));
  await flushFolders(disk, places);
  disk.unlink(join(folder, PENDING, `${id}.json`));
}

const RENAMES = 64;

/** Without looking through the rows that are there: none of a certificate made just now is among them. */
async function appendRows(index: string, rows: readonly string[], disk: Disk): Promise<void> {
  const separator = (await lacksLineFeed(index)) ? "\n" : "";
  const file = disk.openEnd(index);
  try {
    disk.write(file, `${separator}${rows.join("\n")}\n`);
    await disk.flush(file);
  } finally {
    disk.close(file);
  }
}

/** Removes what a batch that failed has written, unless its intent is in place after all. */
async function discard(
  folder: string,
  id: string,
  renames: readonly Rename[],
  disk: Disk,
): Promise<void> {
  if (await exists(join(folder, PENDING, `${id}.json`))) return;
  const written = [...renames.map(({ from }) => from), `${PENDING}/${TEMPORARY}${id}`];
  await inSlices(written, (path) => {
    try {
      disk.unlink(join(folder, path));
    } catch {
      // What is not there was not written yet; what cannot be removed now, the next command removes.
    }
  });
}
