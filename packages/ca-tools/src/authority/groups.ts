import { CaToolsError } from "../errors.ts";
import { changePki } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import { missingChainFile } from "./chain-file.ts";
import { findCa } from "./load-ca.ts";

/** Group ids are case-insensitive. */
export function sameGroup(recorded: string | null, group: string): boolean {
  return recorded?.toLowerCase() === group.toLowerCase();
}

/**
 * CAs that issued no other CA of the folder, the longest chain's first: those that sign devices
 * unless another is named. CAs whose keys are in folders of their own sign there, and do not count.
 */
export function lowestCas({ cas: all }: Registry): CaRecord[] {
  const cas = all.filter(({ issuer, keyElsewhere }) => issuer === null || !keyElsewhere);
  const issuers = new Set(cas.map(({ issuer }) => issuer));
  const depth = (ca: CaRecord, seen = 0): number => {
    const issuer = cas.find(({ name }) => name === ca.issuer);
    // A damaged list could go round in a circle.
    return issuer === undefined || seen > cas.length ? 0 : 1 + depth(issuer, seen + 1);
  };
  return cas
    .filter(({ name }) => !issuers.has(name))
    .map((ca) => ({ ca, depth: depth(ca) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ ca }) => ca);
}

/**
 * Gives a free CA to a group; once more to the same group changes nothing.
 *
 * @throws {CaToolsError} `not-found` when there is no such CA, `exists` when another group has it
 */
export async function assignGroup(folder: string, name: string, group: string): Promise<void> {
  await changePki(folder, async (registry) => {
    const { group: holder } = findCa(registry, name);
    if (holder !== null && !sameGroup(holder, group)) throw takenBy(name, holder);
    const cas = registry.cas.map((ca) =>
      ca.name === name ? { ...ca, group: holder ?? group } : ca,
    );
    const files = await missingChainFile(folder, registry);
    return { files, registry: { ...registry, cas } };
  });
}

function takenBy(name: string, group: string): CaToolsError {
  return new CaToolsError("exists", `the CA ${name} signs the devices of group ${group} already`, {
    hint: "give each group a CA of its own",
  });
}
