/** Deleting what was named, once somebody agreed to it. */
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { plural } from "../../output/text.ts";

/** One thing of the service that is to go. */
export interface Deletion {
  /** For people: `enrollment group`. */
  title: string;
  name: string;
  /** What is to be said of it before it goes: what else goes with it. */
  detail?: string | undefined;
  remove: () => Promise<unknown>;
}

export interface Deleted {
  name: string;
  /** False where somebody else was faster. */
  deleted: boolean;
}

/**
 * Lists what is to go, asks, and deletes one after the other. What vanishes meanwhile is gone as well.
 *
 * @throws {CliError} `not-confirmed`
 */
export async function deleteNamed(
  context: Context,
  deletions: readonly Deletion[],
): Promise<Deleted[]> {
  const { report } = context;
  for (const { title, name, detail } of deletions) {
    report.step("todo", title, [name, "to be deleted", detail].filter(Boolean).join("   "));
  }
  await confirmDeletion(context, deletions);
  const done: Deleted[] = [];
  for (const { title, name, remove } of deletions) {
    const deleted = await remove().then(() => true, vanished);
    report.step(
      deleted ? "done" : "already",
      title,
      `${name}   ${deleted ? "deleted" : "was gone"}`,
    );
    done.push({ name, deleted });
  }
  return done;
}

function vanished(error: unknown): false {
  if ((error as { code?: unknown }).code === "not-found") return false;
  throw error;
}

async function confirmDeletion(
  { yes, io }: Context,
  deletions: readonly Deletion[],
): Promise<void> {
  if (yes || deletions.length === 0) return;
  if (io.confirm === undefined) {
    throw new CliError("not-confirmed", "this deletes, and there is no terminal to ask on", {
      hint: "say --yes to go ahead",
    });
  }
  const [first] = deletions;
  const what =
    deletions.length === 1
      ? `${first?.title} ${first?.name}`
      : plural(deletions.length, first?.title ?? "");
  if (await io.confirm(`Delete ${what}?`)) return;
  throw new CliError("not-confirmed", "nothing was deleted");
}

/**
 * Reads everything that was named before anything is deleted.
 *
 * @param names - each once, whatever its case
 * @throws {CliError} `not-found` naming all that are not there
 */
export async function findNamed<T>(
  names: readonly string[],
  {
    title,
    hint,
    find,
  }: { title: string; hint: string; find: (name: string) => Promise<T | undefined> },
): Promise<T[]> {
  const unique = [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
  const found: T[] = [];
  const missing: string[] = [];
  for (const name of unique) {
    const one = await find(name);
    if (one === undefined) missing.push(name);
    else found.push(one);
  }
  if (missing.length === 0) return found;
  throw new CliError("not-found", `the service has no ${title} ${missing.join(", ")}`, { hint });
}
