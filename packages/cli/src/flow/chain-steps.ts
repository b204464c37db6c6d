/** The steps of `enroll` that make the chain. */
import { join } from "node:path";
import {
  assignGroup,
  type Certificate,
  caPaths,
  checkMayIssueCa,
  createIntermediate,
  createRoot,
  isChainFileMissing,
  type KnownCa,
  restoreChainFile,
} from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import { freeCa, loadGroupCa, loadRoot, warnCut, warnTestOnly } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { importedForGroup } from "./expected-ca.ts";
import { intermediateCommonName, rootCommonName, subjectFor } from "./names.ts";
import type { Step, StepState } from "./step.ts";

const SUBJECT_WIDTH = 30;

/** A CA on one line: who it is, and where its certificate lies. */
export const caLine = ({ subject }: Certificate, path: string): string =>
  `${subject.padEnd(SUBJECT_WIDTH)}  ${path}`;

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
  const own = await importedForGroup(input);
  if (own !== undefined) return `use ${own.subject} itself, which allows no CA below it`;
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
  return { done: true, detail: caLine(ca.certificate, path) };
}
