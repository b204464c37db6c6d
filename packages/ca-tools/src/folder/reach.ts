/**
 * How far a change reaches: into the folder, and no further. A folder comes from a repository or an
 * archive at times, with symbolic links in it.
 */
import { lstat, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { isMissing, onPath } from "./files.ts";

/**
 * Refuses to go through what is a symbolic link.
 *
 * @param names - relative to the folder; those that are not there do no harm
 * @throws {CaToolsError} `damaged-folder`
 */
export async function refuseLinks(folder: string, names: Iterable<string>): Promise<void> {
  for (const name of new Set(names)) {
    const path = join(folder, name);
    const found = await onPath(path, () => lstat(path)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    if (found?.isSymbolicLink()) throw linked(path, folder);
  }
}

function linked(path: string, folder: string): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is a symbolic link, and leads out of it`, {
    file: path,
    hint: `put what it names in its place; only ${folder} itself may be a link`,
  });
}

/**
 * Refuses to move files that a rename could not: found out later, it would stop every later command.
 *
 * @param paths - relative to the folder
 * @throws {CaToolsError} `not-writable`
 */
export async function refuseFarMoves(folder: string, paths: Iterable<string>): Promise<void> {
  const { dev: home } = await stat(folder);
  for (const name of new Set([...paths].map((path) => dirname(path)))) {
    const path = join(folder, name);
    if ((await stat(path)).dev !== home) throw far(path);
  }
}

function far(path: string): CaToolsError {
  const problem = `${path} lies on another file system, so that old files cannot go to old-<time>/`;
  return new CaToolsError("not-writable", problem, {
    file: path,
    hint: "keep the PKI folder on one file system, or move the old files away yourself",
  });
}
