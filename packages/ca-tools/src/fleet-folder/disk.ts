/**
 * The operations of a bulk run on files. They are the synchronous ones where nothing is waited for: a
 * promise would cost as much again, four times a device.
 */
import {
  closeSync,
  constants,
  fsync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { syncFolder } from "../folder/files.ts";

/** What a run may do to the disk: tests pass one whose power fails at any of these. */
export interface Disk {
  /** Opens a new file for writing; fails where there is one. */
  create(path: string, mode: number): number;
  /** Opens a file that is there, for writing behind its end. */
  openEnd(path: string): number;
  write(file: number, data: string | Uint8Array): void;
  cut(file: number, size: number): void;
  flush(file: number): Promise<void>;
  close(file: number): void;
  /** A second name for a file's content; false where the file system has none. */
  link(from: string, to: string): boolean;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Makes a folder, unless it is there. */
  makeFolder(path: string, mode: number): void;
  flushFolder(path: string): Promise<void>;
}

const { O_APPEND, O_WRONLY, O_NOFOLLOW = 0 } = constants;

export const DISK: Disk = {
  create: (path, mode) => openSync(path, "wx", mode),
  openEnd: (path) => openSync(path, O_APPEND | O_WRONLY | O_NOFOLLOW),
  write: (file, data) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  },
  cut: ftruncateSync,
  flush: promisify(fsync),
  close: closeSync,
  link: (from, to) => {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (NO_LINKS.has((error as NodeJS.ErrnoException).code)) return false;
      throw error;
    }
  },
  rename: renameSync,
  unlink: unlinkSync,
  makeFolder: (path, mode) => {
    mkdirSync(path, { recursive: true, mode });
  },
  flushFolder: syncFolder,
};

/** What file systems without hard links answer, and those that have reached their number. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);
