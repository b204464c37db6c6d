import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing, onPath, PUBLIC_MODE, syncFolder } from "./files.ts";
import { TEMPORARY } from "./layout.ts";
import { linesOf } from "./lines.ts";
import type { HeldLock } from "./lock.ts";

export interface RowRevocation {
  /** Hex, in any form. */
  serialNumber: string;
  /** The row's field: `date[,reason]`. */
  field: string;
}

/**
 * Marks rows of index.txt as revoked, in a copy that takes the file's place by one rename. Rows that
 * are revoked already stay as they are, so that this may be done again; so does everything else, byte
 * for byte.
 *
 * @throws {CaToolsError} `locked` when the lock was lost meanwhile, with nothing changed
 */
export async function revokeRows(
  path: string,
  revocations: readonly RowRevocation[],
  lock: HeldLock,
): Promise<void> {
  const fields = new Map(
    revocations.map(({ serialNumber, field }) => [plainSerial(serialNumber), field]),
  );
  // A name of its own: whoever lost the lock may still be writing. What is left over, the next change removes.
  const copy = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString("hex")}-index`);
  try {
    const handle = await onPath(copy, async () => open(copy, "wx", await modeOf(path)));
    try {
      await copyLines(path, handle, (line) => revokedLine(line, fields));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await lock.assertHeld();
    await onPath(path, () => rename(copy, path));
  } catch (error) {
    await unlink(copy).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isMissing(error)) return PUBLIC_MODE;
    throw error;
  }
}

async function copyLines(path: string, to: FileHandle, change: (line: Buffer) => Buffer) {
  for await (const lines of linesOf(path)) {
    if (lines.length > 0) await to.writeFile(Buffer.concat(lines.map(change)));
  }
}

function revokedLine(line: Buffer, fields: ReadonlyMap<string, string>): Buffer {
  // One character a byte: what is not changed is written as it was.
  const row = line.toString("latin1").split("\t");
  const [status, end = "", , serial = "", ...rest] = row;
  const field = fields.get(plainSerial(serial));
  if (row.length !== 6 || field === undefined || (status !== "V" && status !== "E")) return line;
  return Buffer.from(["R", end, field, serial, ...rest].join("\t"), "latin1");
}

/**
 * A serial number as all its forms have in common: in any letter case, with colons between bytes, with
 * or without leading zeros.
 */
export function plainSerial(text: string): string {
  return text
    .replaceAll(":", "")
    .replace(/^(?:0x)?0*/i, "")
    .toUpperCase();
}
