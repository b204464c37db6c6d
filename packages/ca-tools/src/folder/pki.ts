/** A PKI folder: reading it, and changing it under its lock. */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inBatches } from "./batches.ts";
import { createFlushed, exists, onPath, PUBLIC_MODE, syncFolder } from "./files.ts";
import { ARCHIVE, BEGINNING, FOLDERS, INDEX_FILE, PKI_FILE, TEMPORARY } from "./layout.ts";
import { withLock } from "./lock.ts";
import { refuseLinks } from "./reach.ts";
import { type FolderUse, type Registry, readRegistry, registryFile } from "./registry.ts";
import { type Change, commit, isPending, recover } from "./transaction.ts";

const EMPTY: Registry = { version: 1, cas: [] };

/**
 * The folder's CAs as they are now; undefined when there is no folder yet. Finishes first what an
 * interrupted command left.
 */
export async function openPki(folder: string, use: FolderUse = {}): Promise<Registry | undefined> {
  const registry = await readRegistry(folder, use);
  if (registry === undefined || !(await isPending(folder))) return registry;
  return await onPath(folder, () =>
    withLock(folder, async (lock) => {
      await recover(folder, lock);
      return await readRegistry(folder, use);
    }),
  );
}

/** A change, and the CAs as they are to be listed after it. */
export type Plan = Change & { registry?: Registry };

/**
 * Changes the folder under its lock, and begins it where there is none. `plan` sees the registry as
 * it is then and says what to change; it is not to do anything slow.
 */
export async function changePki(
  folder: string,
  plan: (registry: Registry) => Plan | Promise<Plan>,
  use: FolderUse = {},
): Promise<void> {
  await onPath(folder, () => mkdir(folder, { recursive: true, mode: 0o755 }));
  // Before the lock, which would already be a change to somebody else's folder.
  await readRegistry(folder, use);
  await onPath(folder, () =>
    withLock(folder, async (lock) => {
      await lock.assertHeld();
      await refuseLinks(folder, FOLDERS);
      await begin(folder, (await readRegistry(folder, use)) ?? EMPTY);
      await recover(folder, lock);
      const { registry, ...change } = await plan((await readRegistry(folder)) ?? EMPTY);
      // Last, so that a CA is listed only when its files are in place.
      const files = registry ? [...change.files, registryFile(registry)] : change.files;
      await commit(folder, { ...change, files }, lock);
    }),
  );
}

/** Brings the folder's fixed parts into being; each is left alone where it is there. */
async function begin(folder: string, found: Registry): Promise<void> {
  if (!(await exists(join(folder, PKI_FILE)))) {
    await createAtomically(folder, PKI_FILE, registryFile(found).data);
    // On the disk before the rest, which without it would be somebody else's folder.
    await syncFolder(folder);
  }
  await inBatches(FOLDERS, async (name) => {
    const mode = name === "private" ? 0o700 : 0o755;
    await onPath(join(folder, name), () => mkdir(join(folder, name), { recursive: true, mode }));
  });
  const hasRows = await isFilled(join(folder, INDEX_FILE));
  const fixed: Record<string, string> = {
    // Archives and PFX files hold private keys too.
    ".gitignore": `private/\n${ARCHIVE}*/\n*.pfx\n${TEMPORARY}*\n`,
    // Once more where the keys are: the file above may be somebody else's.
    "private/.gitignore": "*\n",
    "certs/.gitignore": `*.pfx\n${TEMPORARY}*\n`,
    [INDEX_FILE]: "",
    [`${INDEX_FILE}.attr`]: "unique_subject = no\n",
    // A counter that was lost is not begun anew, or it would count what was counted before.
    ...(hasRows ? {} : { serial: "01\n" }),
    crlnumber: "01\n",
  };
  const changed = await inBatches(Object.entries(fixed), async ([name, content]) => {
    if (await exists(join(folder, name))) return [];
    await createAtomically(folder, name, content);
    return [dirname(join(folder, name))];
  });
  await inBatches([...new Set(changed.flat())], syncFolder);
}

async function isFilled(path: string): Promise<boolean> {
  return (await exists(path)) && (await stat(path)).size > 0;
}

async function createAtomically(
  folder: string,
  name: string,
  data: string | Uint8Array,
): Promise<void> {
  const draft = join(folder, `${BEGINNING}${name.replaceAll("/", "-")}`);
  await rm(draft, { force: true });
  await onPath(draft, () => createFlushed(draft, data, PUBLIC_MODE));
  await rename(draft, join(folder, name));
}
