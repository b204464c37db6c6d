import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, onPath } from "../folder/files.ts";
import { FOLDERS, INDEX_FILE, isMovableName } from "../folder/layout.ts";
import { SERIAL_FILE } from "../folder/serial-file.ts";

export interface Replaceable {
  /** Relative paths; none where there is nothing worth keeping. */
  files: readonly string[];
  left: readonly string[];
}

/**
 * The files that the original script deletes before it makes a chain. Hidden files stay: `.gitignore`
 * keeps the keys out of git.
 */
export async function replaceableFiles(folder: string): Promise<Replaceable> {
  const found = (await Promise.all(FOLDERS.map((name) => filesIn(folder, name)))).flat();
  const [files, left] = [true, false].map((movable) =>
    found.filter(({ name }) => isMovableName(name) === movable).map(({ path }) => path),
  ) as [string[], string[]];
  return { files: files.length > 0 ? [...files, INDEX_FILE, SERIAL_FILE] : [], left };
}

async function filesIn(folder: string, name: string): Promise<{ name: string; path: string }[]> {
  const entries = await list(join(folder, name));
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => ({ name: entry.name, path: `${name}/${entry.name}` }));
}

async function list(path: string): Promise<Dirent[]> {
  try {
    return await onPath(path, () => readdir(path, { withFileTypes: true }));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
