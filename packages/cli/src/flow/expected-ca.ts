/** The CAs as they are going to be: known before their steps where they need not be made. */
import { type Certificate, readCa } from "@dps-certs/ca-tools";
import { allowsCa, freeCa, loadGroupCa, loadRoot, readRegistry } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { ownCertificate } from "./own-ca.ts";

export type Which = "root" | "intermediate";

/** The certificate of the CA; undefined where a new one is to be made. */
export async function expectedCa(
  input: EnrollInput,
  which: Which,
): Promise<Certificate | undefined> {
  return which === "root" ? await expectedRoot(input) : await expectedGroupCa(input);
}

async function expectedRoot(input: EnrollInput): Promise<Certificate | undefined> {
  const root = await loadRoot(input);
  return root === undefined ? await toBeImported(input) : root.certificate;
}

async function expectedGroupCa(input: EnrollInput): Promise<Certificate | undefined> {
  const ca = await loadGroupCa(input);
  if (ca !== undefined) return ca.certificate;
  const free = await freeCa(input);
  if (free !== undefined) {
    return (await readCa(input.pki, await readRegistry(input.pki), free.name)).certificate;
  }
  return await importedForGroup(input);
}

/** The CA of one's own that is still to be imported. */
async function toBeImported(input: EnrollInput): Promise<Certificate | undefined> {
  const { ownCa } = input;
  return ownCa && (await loadRoot(input)) === undefined ? await ownCertificate(ownCa) : undefined;
}

/** The CA to be imported, where it allows none below it and so signs the group's devices itself. */
export async function importedForGroup(input: EnrollInput): Promise<Certificate | undefined> {
  const own = await toBeImported(input);
  return own === undefined || allowsCa([own]) ? undefined : own;
}
