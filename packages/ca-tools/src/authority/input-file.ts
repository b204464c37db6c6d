/** Reading a file that a person names: a bounded part of it, and never waiting for ever. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CaToolsError } from "../errors.ts";
import { codeOf, isMissing, onPath } from "../folder/files.ts";

export interface InputFileOptions {
  /** The error for what cannot be read to an end; the problem follows the path in a sentence. */
  refuse: (problem: string) => Error;
  /** How long a pipe is waited for that nobody writes to, in milliseconds. @default 5000 */
  patienceMs?: number;
}

const PATIENCE_MS = 5000;
const PAUSE_MS = 20;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads the beginning of a file, a pipe or a device. A pipe that somebody writes to is read to its
 * end; one that nobody opens for writing would never have an end, and is refused.
 *
 * @param limit - most bytes that are read
 * @throws {CaToolsError} `not-found`; `not-writable` for one that the system refuses to open
 * @throws what `refuse` makes of a folder, and of a pipe without a writer
 */
export async function readAtMost(
  path: string,
  limit: number,
  { refuse, patienceMs = PATIENCE_MS }: InputFileOptions,
): Promise<Buffer> {
  try {
    return await onPath(path, async () => {
      // Opening a pipe waits for its writer otherwise, in a thread that nothing can end. Windows has none.
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const found = await handle.stat();
        if (found.isDirectory()) throw refuse("is a folder, not a file");
        const read = found.isFIFO() ? readPipe(handle, patienceMs) : readOnce(handle);
        return await collect(read, limit, refuse);
      } finally {
        await handle.close();
      }
    });
  } catch (cause) {
    throw isMissing(cause) ? noSuchFile(path, cause) : cause;
  }
}

const noSuchFile = (path: string, cause: unknown) =>
  new CaToolsError("not-found", `there is no file ${path}`, { file: path, cause });

/** Gives the next bytes, none at the end; undefined where nobody writes. */
type Read = (length: number) => Promise<Buffer | undefined>;

async function collect(
  read: Read,
  limit: number,
  refuse: (problem: string) => Error,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < limit; ) {
    const chunk = await read(Math.min(CHUNK_BYTES, limit - size));
    if (chunk === undefined) throw refuse("is a pipe that nobody writes to");
    if (chunk.length === 0) break;
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

const readOnce =
  (handle: FileHandle): Read =>
  async (length) => {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(length) });
    return buffer.subarray(0, bytesRead);
  };

/** Nothing to read is the end only where something was read before: the writer may come later. */
function readPipe(handle: FileHandle, patienceMs: number): Read {
  const read = readOnce(handle);
  const until = Date.now() + patienceMs;
  let hasWriter = false;
  return async (length) => {
    for (;;) {
      const chunk = await read(length).catch(noneYet);
      hasWriter ||= chunk === undefined || chunk.length > 0;
      if (chunk !== undefined && hasWriter) return chunk;
      if (!hasWriter && Date.now() > until) return undefined;
      await pause(PAUSE_MS);
    }
  };
}

function noneYet(error: unknown): undefined {
  if (codeOf(error) !== "EAGAIN") throw error;
}
