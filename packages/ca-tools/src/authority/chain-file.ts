import { join } from "node:path";
import { exists } from "../folder/files.ts";
import { CHAIN_FILE, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { readCaCertificate } from "./load-ca.ts";

/** Name of the n-th intermediate of the folder's first chain, counted from 1. */
export const chainName = (n: number): string =>
  n === 1 ? FIRST_INTERMEDIATE : `${FIRST_INTERMEDIATE}-${n}`;

/** The folder's first chain, top first: what the scripts' chain file holds, upside down. */
export function firstChain({ cas }: Registry): CaRecord[] {
  const chain = cas.filter(({ name }) => name === ROOT);
  for (let n = 1; chain.length === n; n += 1) {
    const issuer = chain[n - 1]?.name;
    chain.push(...cas.filter((ca) => ca.name === chainName(n) && ca.issuer === issuer));
  }
  return chain;
}

/** @param chain - lowest CA first, root last */
export function chainFile(chain: readonly Certificate[]): NewFile {
  return { path: CHAIN_FILE, data: chain.map(({ pem }) => pem).join("") };
}

/** The chain file where it should be and is not: for the next change. */
export async function missingChainFile(folder: string, registry: Registry): Promise<NewFile[]> {
  const chain = firstChain(registry);
  if (chain.length < 2 || (await exists(join(folder, CHAIN_FILE)))) return [];
  const certificates = await Promise.all(chain.map((ca) => readCaCertificate(folder, ca)));
  return [chainFile(certificates.reverse())];
}

/** Whether the chain file should be there and is not. */
export async function isChainFileMissing(folder: string): Promise<boolean> {
  const registry = await openPki(folder);
  return registry !== undefined && (await missingChainFile(folder, registry)).length > 0;
}

/** Writes the chain file anew where it is missing. */
export async function restoreChainFile(folder: string): Promise<void> {
  await changePki(folder, async (registry) => ({
    files: await missingChainFile(folder, registry),
  }));
}
