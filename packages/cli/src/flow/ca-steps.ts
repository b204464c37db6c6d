/** The CAs of the folder as `enroll` looks for them, and what is to be said of them. */
import {
  type Ca,
  type CaRecord,
  type Certificate,
  checkMayIssueCa,
  type KnownCa,
  loadCa,
  lowestCas,
  openPki,
  type Registry,
  ROOT,
  readCa,
  sameGroup,
} from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import type { Reporter } from "../output/reporter.ts";
import type { EnrollInput } from "./enroll-options.ts";

export async function readRegistry(pki: string): Promise<Registry> {
  return (await openPki(pki)) ?? { version: 1, cas: [] };
}

/** The CA of the group; undefined when it has none. */
export function groupRecord(registry: Registry, group: string): CaRecord | undefined {
  return registry.cas.find((ca) => sameGroup(ca.group, group));
}

/** The CA that signs the group's devices, without its key; undefined before it is made. */
export async function loadGroupCa({ pki, group }: EnrollInput): Promise<KnownCa | undefined> {
  const registry = await readRegistry(pki);
  const record = groupRecord(registry, group);
  return record && (await readCa(pki, registry, record.name));
}

/** The CA with its key, which is opened once a run: deriving it from a password is slow on purpose. */
export async function openCa(
  { pki, password, opened }: EnrollInput,
  { name, sha256 }: CaRecord,
): Promise<Ca> {
  const open = async () => await loadCa(pki, await readRegistry(pki), name, password);
  const opening = opened?.get(sha256) ?? open();
  opened?.set(sha256, opening);
  return await opening;
}

/** As `loadGroupCa`, with its key, where an earlier step has made it. */
export async function requireGroupCa(input: EnrollInput): Promise<Ca> {
  const ca = await loadGroupCa(input);
  if (ca !== undefined) return await openCa(input, ca.record);
  throw new CliError("not-found", "the intermediate CA is not there any more");
}

/** The folder's top CA, without its key. */
export async function loadRoot({ pki }: Pick<EnrollInput, "pki">): Promise<KnownCa | undefined> {
  const registry = await readRegistry(pki);
  return registry.cas.some(({ name }) => name === ROOT)
    ? await readCa(pki, registry, ROOT)
    : undefined;
}

/** The CA that the group gets where it has none yet; undefined where one is to be made. */
export async function freeCa({ pki }: EnrollInput): Promise<CaRecord | undefined> {
  const registry = await readRegistry(pki);
  const root = await loadRoot({ pki });
  // A root signs devices itself only where no CA can be put between.
  const isUsable = ({ issuer }: CaRecord) =>
    issuer !== null || (root !== undefined && !allowsCa(root.chain));
  return lowestCas(registry).find((ca) => ca.group === null && isUsable(ca));
}

/** @param chain - a CA, then what is above it */
export function allowsCa(chain: readonly Certificate[]): boolean {
  try {
    checkMayIssueCa(chain);
    return true;
  } catch {
    return false;
  }
}

/** Shown where keys come into being, so once for each PKI folder. */
export function warnTestOnly(
  report: Reporter,
  { encrypted = false }: { encrypted?: boolean } = {},
): void {
  const keys = encrypted ? "" : ": their keys lie unencrypted in the PKI folder";
  report.warn(`these certificates are for test only${keys}`);
}

export const warnUnencrypted = (report: Reporter): void =>
  report.warn("the CA's private key lies unencrypted in the PKI folder; --password-file encrypts");

/** Names both ends where the issuer's, which is earlier, took the place of the one asked for. */
export function warnCut(
  report: Reporter,
  name: string,
  { certificate, cutFrom }: { certificate: Certificate; cutFrom?: Date | undefined },
): void {
  if (cutFrom === undefined) return;
  const [end, asked] = [certificate.notAfter, cutFrom].map((date) => date.toISOString());
  report.warn(`${name} ends with its issuer at ${end}, not at ${asked}`);
}
