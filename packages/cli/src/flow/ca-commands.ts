import { join } from "node:path";
import {
  type CaRecord,
  type Certificate,
  caPaths,
  createIntermediate,
  createRoot,
  type KeyAlgorithmName,
  openPki,
  type Registry,
  ROOT,
  readCaCertificate,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { table } from "../output/table.ts";
import { plural, shortPath, validUntil } from "../output/text.ts";
import { loadRoot, readRegistry, warnCut, warnTestOnly } from "./ca-steps.ts";
import { intermediateCommonName, rootCommonName } from "./names.ts";

export interface CreateChainOptions {
  /** @default the subject of the root that is there */
  subject: string | undefined;
  algorithm: string;
  rootDays: number | undefined;
  intermediateDays: number | undefined;
  force: boolean;
}

/** Makes what is missing of the chain: a run that was interrupted after the root goes on from there. */
export async function createChain(context: Context, options: CreateChainOptions): Promise<void> {
  const { pki, io, report } = context;
  const algorithm = options.algorithm as KeyAlgorithmName;
  const before = await readRegistry(pki);
  const subject = options.subject ?? (await currentSubject(pki)) ?? "dps-certs Test";
  if (before.cas.length !== 1 || options.force) {
    const commonName = rootCommonName(subject);
    const { rootDays: days, force } = options;
    const common = { commonName, algorithm, now: io.now(), force };
    const { archive } = await createRoot(pki, days === undefined ? common : { ...common, days });
    report.step("done", "root CA", `CN=${commonName}   ${pathOf(context, ROOT)}`);
    warnTestOnly(report);
    if (archive !== undefined) warnReplaced(context, before, archive);
  }
  const { certificate, name, cutFrom } = await createIntermediate(pki, {
    commonName: intermediateCommonName(subject),
    algorithm,
    now: io.now(),
    group: null,
    ...(options.intermediateDays !== undefined && { days: options.intermediateDays }),
  });
  report.step("done", "intermediate CA", `${certificate.subject}   ${pathOf(context, name)}`);
  warnCut(report, certificate.subject, { certificate, cutFrom });
  const cas = await describe(context, await readRegistry(pki));
  report.result(cas, "");
}

/** What the root that is there is called; a damaged one, which is to be replaced, tells nothing. */
async function currentSubject(pki: string): Promise<string | undefined> {
  const root = await loadRoot({ pki }).catch(() => undefined);
  return root?.certificate.commonName?.replace(/ Root CA$/, "");
}

function warnReplaced({ pki, io, report }: Context, { cas }: Registry, archive: string): void {
  const folder = shortPath(io.cwd, join(pki, archive));
  const groups = cas.flatMap(({ group }) => group ?? []);
  const enrolled = groups.length === 0 ? "" : `; enroll again with --replace: ${groups.join(", ")}`;
  report.warn(`replaced ${plural(cas.length, "CA")}, kept in ${folder}${enrolled}`);
}

const pathOf = ({ pki, io }: Context, ca: string) =>
  shortPath(io.cwd, join(pki, caPaths(ca).certificate));

export async function showCas(context: Context): Promise<void> {
  const { pki, io, report } = context;
  const registry = await openPki(pki);
  if (registry === undefined || registry.cas.length === 0) {
    throw new CliError("not-found", `there is no CA in ${pki}`, {
      hint: "make one with: dps-certs ca create, or dps-certs enroll <group>",
    });
  }
  const cas = await describe(context, registry);
  const rows = cas.map((ca) => [
    ca.name,
    ca.subject,
    ca.group ?? "-",
    validUntil(io.now(), ca.notAfter),
    ca.sha256,
  ]);
  report.result(cas, table(["NAME", "SUBJECT", "GROUP", "VALID UNTIL", "SHA-256"], rows));
}

interface CaDescription extends CaRecord {
  subject: string;
  issuerSubject: string;
  serialNumber: string;
  sha1: string;
  notBefore: string;
  notAfter: string;
  certificate: string;
}

async function describe({ pki }: Context, registry: Registry): Promise<CaDescription[]> {
  const describeOne = (record: CaRecord, certificate: Certificate): CaDescription => ({
    ...record,
    subject: certificate.subject,
    issuerSubject: certificate.issuer,
    serialNumber: certificate.serialNumber,
    sha1: certificate.sha1,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    certificate: caPaths(record.name).certificate,
  });
  return await Promise.all(
    registry.cas.map(async (record) => describeOne(record, await readCaCertificate(pki, record))),
  );
}
