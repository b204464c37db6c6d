import { join } from "node:path";
import { exists } from "../folder/files.ts";
import { ARCHIVE } from "../folder/layout.ts";

/**
 * Moves replaced files to `old-<time>/`, where nothing is deleted or overwritten: a second
 * replacement in the same second gets a folder of its own. The caller holds the folder's lock.
 */
export async function archiveMoves(
  folder: string,
  now: Date,
  paths: readonly string[],
): Promise<{ from: string; to: string }[]> {
  if (paths.length === 0) return [];
  const time = `${ARCHIVE}${now.toISOString().replace(/[-:]|\.\d+/g, "")}`;
  let archive = time;
  for (let n = 2; await exists(join(folder, archive)); n += 1) archive = `${time}-${n}`;
  return paths.map((from) => ({ from, to: `${archive}/${from}` }));
}
