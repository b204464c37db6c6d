import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { CaToolsError, type Item, type ReadOptions, readItems } from "@dps-certs/ca-tools";
import { CliError, usageError } from "../errors.ts";

/** One byte more than is ever looked at: what is larger is refused unread. */
const MAX_BYTES = 16 * 1024 * 1024 + 1;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "a part of the path is a file, not a folder",
  ELOOP: "its symbolic links go round in a circle",
  ENAMETOOLONG: "the name is too long",
};

/** How standard input is called in what is told. */
export const STANDARD_INPUT = "standard input";

/**
 * Reads everything that the named files hold, in their order; `-` is standard input.
 *
 * @param stdin - @default the process's
 * @throws {CliError} `not-found`, `usage`
 * @throws {CaToolsError} `not-writable` for a file that cannot be read, as the folder's files have it
 */
export async function readFiles(
  cwd: string,
  names: readonly string[],
  options: Omit<ReadOptions, "file"> = {},
  stdin: AsyncIterable<Uint8Array> = process.stdin,
): Promise<Item[]> {
  if (names.filter(isStdin).length > 1) throw usageError("standard input can be read once");
  if (names.includes("")) throw usageError("the name of a file is empty");
  const items: Item[] = [];
  for (const name of names) {
    const input = isStdin(name) ? await bounded(stdin) : await readBounded(resolve(cwd, name));
    const file = isStdin(name) ? STANDARD_INPUT : name;
    items.push(...(await readItems(input, { ...options, file })));
  }
  return items;
}

/** The command line makes the second of the first; Windows has no such file. */
const isStdin = (name: string) => name === "-" || name === "/dev/stdin";

/** @param path - of a file, or of anything else that can be read to an end */
export async function readBounded(path: string): Promise<Uint8Array> {
  try {
    return await bounded(createReadStream(path));
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
}

async function bounded(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BYTES) break;
  }
  return new Uint8Array(Buffer.concat(chunks, Math.min(size, MAX_BYTES)));
}

function unreadable(path: string, cause: NodeJS.ErrnoException): Error {
  if (cause.code === "ENOENT") return new CliError("not-found", `${path} is not there`, { cause });
  const reason = REASONS[cause.code ?? ""];
  if (reason === undefined) return cause;
  return new CaToolsError("not-writable", `cannot read ${path}: ${reason}`, {
    cause,
    file: path,
    hint:
      cause.code === "EISDIR"
        ? "name files; the CAs of a PKI folder are shown by: dps-certs ca show"
        : "choose another file, or mend its permissions",
  });
}
