import { join } from "node:path";
import {
  caPaths,
  createChain as create,
  type KeyAlgorithmName,
  type PasswordSource,
  type Registry,
  ROOT,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { plural, shortPath } from "../output/text.ts";
import { describeCas } from "./ca-show.ts";
import { loadRoot, readRegistry, warnCut, warnTestOnly } from "./ca-steps.ts";
import { caLine } from "./chain-steps.ts";
import { intermediateCommonName, rootCommonName } from "./names.ts";

export interface CreateChainOptions {
  /** @default the subject of the root that is there */
  subject: string | undefined;
  /** @default as the chain that is there */
  algorithm: string | undefined;
  rootDays: number | undefined;
  intermediateDays: number | undefined;
  /** How many, each below the other. */
  intermediates: number;
  force: boolean;
  /** For the new keys; undefined leaves them unencrypted. */
  password: string | undefined;
  /** For the key of a root that is there. */
  unlock: PasswordSource;
}

/** Makes what is missing of the chain: a root that is there alone gets its intermediates. */
export async function createChain(context: Context, options: CreateChainOptions): Promise<void> {
  const { pki, io, report } = context;
  const { algorithm, rootDays, intermediateDays, force, password, unlock } = options;
  const before = await readRegistry(pki);
  const subject = options.subject ?? (await currentSubject(pki)) ?? "dps-certs Test";
  const { made, archive } = await create(pki, {
    commonNames: commonNamesOf(subject, options.intermediates),
    now: io.now(),
    force,
    unlock,
    ...(algorithm && { algorithm: algorithm as KeyAlgorithmName }),
    ...(rootDays && { rootDays }),
    ...(intermediateDays && { intermediateDays }),
    ...(password && { password }),
  });
  for (const ca of made) {
    const title = ca.name === ROOT ? "root CA" : "intermediate CA";
    report.step("done", title, caLine(ca.certificate, pathOf(context, ca.name)));
    if (ca.name === ROOT) warnTestOnly(report, { encrypted: password !== undefined });
    warnCut(report, ca.certificate.subject, ca);
  }
  if (archive !== undefined) warnReplaced(context, before, archive);
  report.result(await describeCas(context, await readRegistry(pki)), "");
}

const commonNamesOf = (subject: string, intermediates: number): string[] => [
  rootCommonName(subject),
  intermediateCommonName(subject),
  ...Array.from({ length: intermediates - 1 }, (_, n) =>
    intermediateCommonName(subject).replace(/ CA$/, ` ${n + 2} CA`),
  ),
];

/** What the root that is there is called; a damaged one, which is to be replaced, tells nothing. */
export async function currentSubject(pki: string): Promise<string | undefined> {
  const root = await loadRoot({ pki }).catch(() => undefined);
  return root?.certificate.commonName?.replace(/ Root CA$/, "");
}

export function warnReplaced(
  { pki, io, report }: Context,
  { cas }: Registry,
  archive: string,
): void {
  const folder = shortPath(io.cwd, join(pki, archive));
  const groups = cas.flatMap(({ group }) => group ?? []);
  const enrolled = groups.length === 0 ? "" : `; enroll again with --replace: ${groups.join(", ")}`;
  report.warn(`replaced ${plural(cas.length, "CA")}, kept in ${folder}${enrolled}`);
}

const pathOf = ({ pki, io }: Context, ca: string) =>
  shortPath(io.cwd, join(pki, caPaths(ca).certificate));
