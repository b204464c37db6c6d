import { CaToolsError } from "../errors.ts";
import { changePki } from "../folder/pki.ts";
import { findCa } from "./load-ca.ts";

/** Group ids are case-insensitive. */
export function sameGroup(recorded: string | null, group: string): boolean {
  return recorded?.toLowerCase() === group.toLowerCase();
}

/**
 * Gives a free intermediate to a group; once more to the same group changes nothing.
 *
 * @throws {CaToolsError} `not-found` when there is no such CA, `exists` when another group has it
 */
export async function assignGroup(folder: string, name: string, group: string): Promise<void> {
  await changePki(folder, (registry) => {
    const { group: holder } = findCa(registry, name);
    if (holder !== null && !sameGroup(holder, group)) throw takenBy(name, holder);
    const cas = registry.cas.map((ca) =>
      ca.name === name ? { ...ca, group: holder ?? group } : ca,
    );
    return { files: [], registry: { ...registry, cas } };
  });
}

function takenBy(name: string, group: string): CaToolsError {
  return new CaToolsError("exists", `the CA ${name} signs the devices of group ${group} already`, {
    hint: "give each group an intermediate of its own",
  });
}
