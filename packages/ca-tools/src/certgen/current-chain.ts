import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { adoptScriptFolder } from "../folder/adopt.ts";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import type { Registry } from "../folder/registry.ts";

/**
 * The root and the intermediate whose files are in the folder now: the original script replaces them
 * without a word to `pki.json`, and where its commands are used its files count.
 *
 * @throws {CaToolsError} `not-found` where there is no root, `invalid-certificate`, `damaged-folder`
 */
export async function currentChain(folder: string): Promise<Registry> {
  // Finishes first what an interrupted command left.
  const listed = await openPki(folder, { shared: true });
  const chain = await adoptScriptFolder(folder);
  if (chain !== undefined) {
    const algorithm = agree(ROOT, listed, chain) ? listed?.algorithm : undefined;
    return { ...chain, ...(algorithm && { algorithm }) };
  }
  const force = listed !== undefined && listed.cas.length > 0 ? " --force" : "";
  throw new CaToolsError("not-found", `there is no root CA in ${folder}`, {
    file: folder,
    hint: `make it with: ${MAKE_CHAIN}${force}`,
  });
}

const MAKE_CHAIN = "dps-certs certgen create_root_and_intermediate";

/**
 * Refuses a chain without the CA that is to sign. The script leaves one: without a terminal it ends
 * behind the root.
 *
 * @throws {CaToolsError} `not-found`
 */
export function requireCa(folder: string, { cas }: Registry, name: string): void {
  if (cas.some((ca) => ca.name === name)) return;
  const file = join(folder, caPaths(name).certificate);
  throw new CaToolsError("not-found", `there is no ${name} CA: ${file} is missing`, {
    file,
    hint: `restore it from a copy, or make the chain anew with: ${MAKE_CHAIN} --force`,
  });
}

/** The list of CAs brought up to the files; undefined where it says the same already. */
export function followFiles(listed: Registry, current: Registry): Registry | undefined {
  // What is listed below another root went with it.
  if (!agree(ROOT, listed, current)) return current;
  const intermediate = current.cas.find(({ name }) => name === FIRST_INTERMEDIATE);
  if (intermediate === undefined || agree(FIRST_INTERMEDIATE, listed, current)) return undefined;
  const others = listed.cas.filter(({ name }) => name !== FIRST_INTERMEDIATE);
  return { ...listed, cas: [...others, intermediate] };
}

function agree(name: string, ...registries: (Registry | undefined)[]): boolean {
  const found = registries.map((registry) => registry?.cas.find((ca) => ca.name === name)?.sha256);
  return new Set(found).size === 1;
}
