import {
  type CaRecord,
  type Certificate,
  caPaths,
  openPki,
  type Registry,
  readCaCertificate,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { table } from "../output/table.ts";
import { validUntil } from "../output/text.ts";

const DAY_MS = 86_400_000;

export async function showCas(context: Context): Promise<void> {
  const { pki, io, report } = context;
  const registry = await openPki(pki);
  if (registry === undefined || registry.cas.length === 0) {
    throw new CliError("not-found", `there is no CA in ${pki}`, {
      hint: "make one with: dps-certs ca create, or dps-certs enroll <group>",
    });
  }
  const cas = await describeCas(context, registry);
  const rows = cas.map((ca) => [
    branch(depthOf(ca, registry)) + ca.name,
    ca.subject,
    ca.keyElsewhere ? `${ca.keyAlgorithm}, elsewhere` : ca.keyAlgorithm,
    ca.issuer ?? "-",
    ca.group ?? "-",
    validUntil(io.now(), ca.notAfter),
    ca.sha256,
  ]);
  const headings = ["NAME", "SUBJECT", "KEY", "ISSUER", "GROUP", "VALID UNTIL", "SHA-256"];
  report.result(cas, table(headings, rows));
}

/** Cells lose blanks at their ends. */
const branch = (depth: number) => (depth === 0 ? "" : `└${"─".repeat(depth - 1)} `);

export interface CaDescription extends CaRecord {
  subject: string;
  issuerSubject: string;
  serialNumber: string;
  keyAlgorithm: string;
  signatureAlgorithm: string;
  /** Most CAs below it; null for no limit. */
  pathLength: number | null;
  sha1: string;
  notBefore: string;
  notAfter: string;
  /** Whole days, rounded down; below 0 when it has expired. */
  daysLeft: number;
  certificate: string;
}

/** The CAs as a tree: each behind its issuer. */
export async function describeCas(
  { pki, io }: Context,
  registry: Registry,
): Promise<CaDescription[]> {
  return await Promise.all(
    treeOf(registry.cas, null).map(async (record) =>
      describe(record, await readCaCertificate(pki, record), io.now()),
    ),
  );
}

function describe(record: CaRecord, certificate: Certificate, now: Date): CaDescription {
  const { notBefore, notAfter } = certificate;
  return {
    ...record,
    subject: certificate.subject,
    issuerSubject: certificate.issuer,
    serialNumber: certificate.serialNumber,
    keyAlgorithm: certificate.keyAlgorithm,
    signatureAlgorithm: certificate.signatureAlgorithm,
    pathLength: certificate.basicConstraints?.pathLength ?? null,
    sha1: certificate.sha1,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS),
    certificate: caPaths(record.name).certificate,
  };
}

/** Each CA is visited once, whatever a damaged list says of issuers. */
function treeOf(cas: readonly CaRecord[], issuer: string | null): CaRecord[] {
  const rest = cas.filter((ca) => ca.issuer !== issuer);
  const children = cas.filter((ca) => ca.issuer === issuer);
  return children.flatMap((ca) => [ca, ...treeOf(rest, ca.name)]);
}

function depthOf(ca: CaRecord, { cas }: Registry): number {
  const issuer = cas.find(({ name }) => name === ca.issuer);
  return issuer === undefined
    ? 0
    : 1 + depthOf(issuer, { version: 1, cas: cas.filter((one) => one !== ca) });
}
