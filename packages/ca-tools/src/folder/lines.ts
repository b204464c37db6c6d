import { open } from "node:fs/promises";
import { CaToolsError } from "../errors.ts";
import { isMissing, onPath } from "./files.ts";

/** Read at a time, in bytes. */
const CHUNK = 64 * 1024;
/** Of a line, in bytes: a row of index.txt has a few hundred. */
const MAX_LINE_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/**
 * Lines of a file, some at a time, each with its line feed; the last may lack it. The file is never in
 * memory as a whole: an index.txt may have millions of rows. None where there is no file.
 *
 * @param from - byte to begin at, where a line does. @default 0
 * @throws {CaToolsError} `damaged-folder` for a line that is longer than any of such a file
 */
export async function* linesOf(path: string, from = 0): AsyncGenerator<Buffer[], void, undefined> {
  const handle = await openIfThere(path);
  if (handle === undefined) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let position = from; ; ) {
      const { buffer, bytesRead } = await onPath(path, () =>
        handle.read({ buffer: Buffer.allocUnsafe(CHUNK), position }),
      );
      if (bytesRead === 0) break;
      position += bytesRead;
      const lines = split(Buffer.concat([rest, buffer.subarray(0, bytesRead)]));
      rest = lines.pop() ?? rest;
      if (rest.length > MAX_LINE_BYTES) throw tooLong(path);
      yield lines;
    }
    if (rest.length > 0) yield [rest];
  } finally {
    await handle.close();
  }
}

async function openIfThere(path: string) {
  try {
    return await onPath(path, () => open(path, "r"));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What stands behind the last line feed comes last, and may be empty. */
function split(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, start)) {
    lines.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  lines.push(bytes.subarray(start));
  return lines;
}

function tooLong(path: string): CaToolsError {
  return new CaToolsError(
    "damaged-folder",
    `${path} is damaged: it has a line of more than ${MAX_LINE_BYTES} bytes`,
    { file: path, hint: "restore it from a copy" },
  );
}
