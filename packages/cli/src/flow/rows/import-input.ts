import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CliError } from "../../errors.ts";
import { STANDARD_INPUT } from "../read-input.ts";

export interface ImportInput {
  /** For errors, and for what the name's ending says. */
  name: string;
  /** Folder that file names in it are seen from. */
  folder: string;
  bytes: AsyncIterable<Uint8Array>;
  /** What part of it has been read, from 0 to 1; undefined where nobody knows how long it is. */
  fraction: () => number | undefined;
  /** Ends the reading, also one that waits. */
  stop: () => void;
}

/**
 * A file, or standard input where it is called `-`, to be read as a stream.
 *
 * @param stdin - @default the process's
 * @throws {CliError} `not-found`
 */
export async function openInput(
  cwd: string,
  given: string,
  stdin: AsyncIterable<Uint8Array> & { destroy?: () => unknown } = process.stdin,
): Promise<ImportInput> {
  // The command line makes the second of the first.
  if (given === "-" || given === "/dev/stdin") {
    const stop = () => stdin.destroy?.();
    return { name: STANDARD_INPUT, folder: cwd, bytes: stdin, fraction: () => undefined, stop };
  }
  const path = resolve(cwd, given);
  const size = await sizeOf(path, given);
  const stream = createReadStream(path);
  return {
    name: given,
    folder: dirname(path),
    bytes: readable(stream, given),
    fraction: () => (size > 0 ? stream.bytesRead / size : undefined),
    stop: () => stream.destroy(),
  };
}

async function* readable(
  stream: AsyncIterable<Uint8Array>,
  given: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw unreadable(error, given);
  }
}

/** 0 for what has no size, such as a pipe, which is not to be opened twice. */
async function sizeOf(path: string, given: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(error, given);
  });
  if (found.isDirectory()) throw new CliError("not-found", `${given} is a folder, not a file`);
  return found.isFile() ? found.size : 0;
}

function unreadable(cause: unknown, given: string): CliError {
  const { code } = cause as NodeJS.ErrnoException;
  const problem = code === "ENOENT" ? "is not there" : `cannot be read: ${code}`;
  return new CliError("not-found", `${given} ${problem}`, { cause });
}
