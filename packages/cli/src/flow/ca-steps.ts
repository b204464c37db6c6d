import { join } from "node:path";
import {
  assignGroup,
  type Ca,
  type CaRecord,
  type Certificate,
  caPaths,
  createIntermediate,
  createRoot,
  loadCa,
  openPki,
  type Registry,
  ROOT,
  sameGroup,
} from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import type { Reporter } from "../output/reporter.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { intermediateCommonName, rootCommonName, subjectFor } from "./names.ts";
import type { Step, StepState } from "./step.ts";

const SUBJECT_WIDTH = 30;
const TEST_ONLY =
  "these certificates are for test only: their keys lie unencrypted in the PKI folder";

export async function readRegistry(pki: string): Promise<Registry> {
  return (await openPki(pki)) ?? { version: 1, cas: [] };
}

/** The group's intermediate; undefined when it has none. */
export function groupRecord(registry: Registry, group: string): CaRecord | undefined {
  return registry.cas.find((ca) => sameGroup(ca.group, group));
}

/** The CA that signs the group's devices; undefined before it is made. */
export async function loadGroupCa({ pki, group }: EnrollInput): Promise<Ca | undefined> {
  const registry = await readRegistry(pki);
  const record = groupRecord(registry, group);
  return record && (await loadCa(pki, registry, record.name));
}

/** As `loadGroupCa`, where an earlier step has made it. */
export async function requireGroupCa(input: EnrollInput): Promise<Ca> {
  const ca = await loadGroupCa(input);
  if (ca !== undefined) return ca;
  throw new CliError("not-found", "the intermediate CA is not there any more");
}

export async function loadRoot({ pki }: Pick<EnrollInput, "pki">): Promise<Ca | undefined> {
  const registry = await readRegistry(pki);
  return registry.cas.some(({ name }) => name === ROOT)
    ? await loadCa(pki, registry, ROOT)
    : undefined;
}

/** Shown where keys come into being, so once for each PKI folder. */
export const warnTestOnly = (report: Reporter): void => report.warn(TEST_ONLY);

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
  const { pki, group, now, report } = input;
  const commonName = rootCommonName(subjectFor(group));
  return {
    id: "root-ca",
    title: "root CA",
    inspect: async () => caState(await loadRoot({ pki }), commonName, input),
    run: async () => {
      await createRoot(pki, { commonName, now: now() });
      warnTestOnly(report);
    },
  };
}

export function intermediateStep(input: EnrollInput): Step {
  const { pki, group, now, report } = input;
  const commonName = intermediateCommonName(subjectFor(group));
  return {
    id: "intermediate-ca",
    title: "intermediate CA",
    inspect: async () => caState(await loadGroupCa(input), commonName, input),
    run: async () => {
      const free = (await readRegistry(pki)).cas.find(
        (ca) => ca.issuer !== null && ca.group === null,
      );
      if (free !== undefined) return await assignGroup(pki, free.name, group);
      const { cutFrom, certificate } = await createIntermediate(pki, {
        commonName,
        group,
        now: now(),
      });
      warnCut(report, certificate.subject, { certificate, cutFrom });
    },
  };
}

function caState(
  ca: Ca | undefined,
  commonName: string,
  { group, pki, now, showPath = (path) => path }: EnrollInput,
): StepState {
  if (ca === undefined) return { done: false, plan: `create CN=${commonName}` };
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
