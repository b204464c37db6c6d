import { constants } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CaToolsError } from "../errors.ts";
import { inBatches } from "./batches.ts";

/** Readable by the owner alone; set when the file is created, not afterwards. */
export const SECRET_MODE: number = 0o600;
export const PUBLIC_MODE: number = 0o644;

/** The system's code of an error, `""` where it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

export const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT";

const REFUSALS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder, not a file",
  EEXIST: "something else of that name is there",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its symbolic links go round in a circle",
  EXDEV: "a part of the folder lies on another file system",
};

const MAKE_ROOM = "make room, and run the command again";
const HINTS: Record<string, string> = { ENOSPC: MAKE_ROOM, EDQUOT: MAKE_ROOM };

/** Runs a file operation; what the system refuses becomes an error that names the path. */
export async function onPath<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof CaToolsError) throw cause;
    throw refusal(path, codeOf(cause), cause) ?? cause;
  }
}

/** The error that names the path; undefined for a code that is not known here. */
export function refusal(path: string, code: string, cause?: unknown): CaToolsError | undefined {
  const reason = REFUSALS[code];
  if (reason === undefined) return undefined;
  return new CaToolsError("not-writable", `cannot use ${path}: ${reason}`, {
    ...(cause !== undefined && { cause }),
    file: path,
    hint: HINTS[code] ?? "choose another folder, or mend its permissions",
  });
}

async function syncAndClose(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a file with its final mode, writes it and flushes it to disk; fails if it exists. */
export async function createFlushed(
  path: string,
  data: string | Uint8Array,
  mode: number,
): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(data);
  } finally {
    await syncAndClose(handle);
  }
}

/** Appends and flushes. */
export async function appendFlushed(path: string, data: string): Promise<void> {
  const handle = await open(
    path,
    constants.O_APPEND | constants.O_WRONLY | constants.O_CREAT,
    PUBLIC_MODE,
  );
  try {
    await handle.writeFile(data);
  } finally {
    await syncAndClose(handle);
  }
}

/** Flushes a folder, so that a rename in it survives a power cut; Windows has no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await syncAndClose(await open(path, "r"));
}

export async function syncFoldersOf(paths: Iterable<string>): Promise<void> {
  await inBatches([...new Set([...paths].map((path) => dirname(path)))], syncFolder);
}

/**
 * Reads a text file of bounded size; undefined when there is none.
 *
 * @throws {CaToolsError} `damaged-folder` above the bound, and for a pipe or device, which has none
 */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    return await onPath(path, async () => {
      // Without waiting for the other end of a pipe.
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const found = await handle.stat();
        const { size } = found;
        if (found.isFile() && size > maxBytes) throw tooLarge(path, size, maxBytes);
        if (!found.isFile() && !found.isDirectory()) throw notAFile(path);
        return await handle.readFile("utf8");
      } finally {
        await handle.close();
      }
    });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function tooLarge(path: string, size: number, maxBytes: number): CaToolsError {
  return new CaToolsError(
    "damaged-folder",
    `${path} has ${size} bytes, more than the ${maxBytes} that such a file can have`,
    { file: path },
  );
}

function notAFile(path: string): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is a pipe or a device, not a file`, {
    file: path,
    hint: "put a file in its place",
  });
}

export async function exists(path: string): Promise<boolean> {
  try {
    await onPath(path, () => stat(path));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Names in a folder; empty when there is no such folder. */
export async function listNames(path: string): Promise<string[]> {
  try {
    return await onPath(path, () => readdir(path));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
