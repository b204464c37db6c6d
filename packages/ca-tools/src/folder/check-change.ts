/** What is looked at before a change begins: what fails behind its intent fails for every later command too. */
import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { inBatches } from "./batches.ts";
import { exists, onPath, refusal } from "./files.ts";
import type { Rename } from "./intent.ts";
import { INDEX_FILE } from "./layout.ts";
import { refuseFarMoves } from "./reach.ts";
import type { Change, NewFile } from "./transaction.ts";

/**
 * @returns the moves of files that are there: that of another would, after a crash, take the one that
 * was put in its place
 * @throws {CaToolsError} `exists` for a file that is there and is not to be replaced; `not-writable`
 */
export async function checkChange(
  folder: string,
  { moves = [], files, rows = [] }: Change,
): Promise<Rename[]> {
  const there = await inBatches(moves, ({ from }) => exists(join(folder, from)));
  const present = moves.filter((_, index) => there[index]);
  const moved = new Set(present.map(({ from }) => from));
  await refuseExisting(folder, files, moved);
  await refuseFarMoves(folder, moved);
  const index = join(folder, INDEX_FILE);
  const isAppended = rows.length > 0 && !moved.has(INDEX_FILE);
  if (isAppended) await onPath(index, () => access(index, constants.W_OK));
  return present;
}

async function refuseExisting(
  folder: string,
  files: readonly NewFile[],
  moved: ReadonlySet<string>,
): Promise<void> {
  await inBatches(files, async ({ path, replace }) => {
    const file = join(folder, path);
    if (moved.has(path) || !(await exists(file))) return;
    if ((await stat(file)).isDirectory()) throw refusal(file, "EISDIR");
    if (replace) return;
    throw new CaToolsError("exists", `${file} is there already`, {
      file,
      hint: "use --force to replace it; what it replaces is kept in old-<time>/",
    });
  });
}
