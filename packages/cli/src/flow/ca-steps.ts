import { join } from "node:path";
import {
  assignGroup,
  type Ca,
  type CaRecord,
  type Certificate,
  caPaths,
  checkMayIssueCa,
  createIntermediate,
  createRoot,
  isChainFileMissing,
  type KnownCa,
  loadCa,
  lowestCas,
  openPki,
  type Registry,
  ROOT,
  readCa,
  restoreChainFile,
  sameGroup,
} from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import type { Reporter } from "../output/reporter.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { intermediateCommonName, rootCommonName, subjectFor } from "./names.ts";
import type { Step, StepState } from "./step.ts";

const SUBJECT_WIDTH = 30;

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
    issuer !== null || (root !== undefined && !allowsCa(root));
  return lowestCas(registry).find((ca) => ca.group === null && isUsable(ca));
}

function allowsCa({ chain }: KnownCa): boolean {
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

export function rootStep(input: EnrollInput): Step {
  const { pki, group, now, report, newKeyPassword: password } = input;
  const commonName = rootCommonName(subjectFor(group));
  return {
    id: "root-ca",
    title: "root CA",
    inspect: async () => {
      const ca = await loadRoot({ pki });
      return ca ? caState(ca, input) : { done: false, plan: `create CN=${commonName}` };
    },
    run: async () => {
      await createRoot(pki, { commonName, now: now(), ...(password && { password }) });
      warnTestOnly(report, { encrypted: password !== undefined });
    },
  };
}

export function intermediateStep(input: EnrollInput): Step {
  const { pki, group } = input;
  return {
    id: "intermediate-ca",
    title: "intermediate CA",
    inspect: async () => {
      const ca = await loadGroupCa(input);
      if (ca === undefined) return { done: false, plan: await intermediatePlan(input) };
      const state = caState(ca, input);
      if (!(await isChainFileMissing(pki))) return state;
      return { done: false, plan: "write the chain file, which is missing" };
    },
    run: async () => {
      if ((await loadGroupCa(input)) !== undefined) return await restoreChainFile(pki);
      const free = await freeCa(input);
      await (free ? assignGroup(pki, free.name, group) : makeIntermediate(input));
    },
  };
}

async function intermediatePlan(input: EnrollInput): Promise<string> {
  const free = await freeCa(input);
  if (free !== undefined) return `use the CA ${free.name}, which is free`;
  const root = await loadRoot(input);
  if (root !== undefined) checkMayIssueCa(root.chain);
  return `create CN=${intermediateCommonName(subjectFor(input.group))}`;
}

async function makeIntermediate(input: EnrollInput): Promise<void> {
  const { pki, group, now, report, newKeyPassword, password } = input;
  const { cutFrom, certificate } = await createIntermediate(pki, {
    commonName: intermediateCommonName(subjectFor(group)),
    group,
    now: now(),
    ...(newKeyPassword && { password: newKeyPassword }),
    ...(password && { unlock: password }),
  });
  warnCut(report, certificate.subject, { certificate, cutFrom });
}

/** @throws {CliError} `expired` */
export function caState(
  ca: KnownCa,
  { group, pki, now, showPath = (path) => path }: EnrollInput,
): StepState {
  const { subject, notAfter } = ca.certificate;
  if (now() > notAfter) {
    throw new CliError("expired", `${subject} expired at ${notAfter.toISOString()}`, {
      hint:
        ca.record.issuer === null
          ? "replace the chain with: dps-certs ca create --force (the old one is kept), then enroll each group with --replace"
          : `have a new one made with: dps-certs cleanup ${group} --local (the old files are kept), then enroll again`,
    });
  }
  const path = showPath(join(pki, caPaths(ca.record.name).certificate));
  return { done: true, detail: `${subject.padEnd(SUBJECT_WIDTH)}  ${path}` };
}
