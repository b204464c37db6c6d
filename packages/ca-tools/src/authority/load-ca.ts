import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { caPaths } from "../folder/layout.ts";
import { readCertificate, readPair } from "../folder/read.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";

/** A CA of the folder with the certificates above it. */
export interface Ca extends Issuer {
  record: CaRecord;
  /** Its own certificate first, the root last. */
  chain: Certificate[];
}

export function findCa(registry: Registry, name: string): CaRecord {
  const record = registry.cas.find((ca) => ca.name === name);
  if (record !== undefined) return record;
  const known = registry.cas.map((ca) => ca.name).join(", ") || "none";
  throw new CaToolsError("not-found", `the PKI folder has no CA named ${name} (it has: ${known})`, {
    hint: "see them with: dps-certs ca show",
  });
}

/** The CA's certificate, compared with what was recorded when it was made. */
export async function readCaCertificate(folder: string, record: CaRecord): Promise<Certificate> {
  const path = caPaths(record.name).certificate;
  const certificate = await readCertificate(folder, path, REMEDY);
  const file = join(folder, path);
  if (certificate === undefined) {
    throw new CaToolsError("not-found", `${file} is missing`, { file, hint: RESTORE });
  }
  checkRecorded(certificate, record, file);
  return certificate;
}

const REMEDY = "it from a copy, or replace the chain with: dps-certs ca create --force";
const RESTORE = `restore ${REMEDY}`;

function checkRecorded(certificate: Certificate, record: CaRecord, file: string): void {
  if (certificate.sha256 === record.sha256) return;
  throw new CaToolsError(
    "damaged-folder",
    `${file} is not the certificate that pki.json names (SHA-256 ${record.sha256})`,
    { file, hint: RESTORE },
  );
}

/**
 * Loads a CA that can sign.
 *
 * @throws {CaToolsError} naming the file that is missing, damaged, or does not belong to the others
 */
export async function loadCa(folder: string, registry: Registry, name: string): Promise<Ca> {
  const record = findCa(registry, name);
  const pair = await readPair(folder, caPaths(name), REMEDY);
  checkRecorded(pair.certificate, record, join(folder, caPaths(name).certificate));
  return {
    ...pair,
    record,
    chain: [pair.certificate, ...(await readIssuers(folder, registry, record))],
  };
}

async function readIssuers(
  folder: string,
  registry: Registry,
  record: CaRecord,
): Promise<Certificate[]> {
  const issuers: Certificate[] = [];
  const seen = new Set([record.name]);
  for (let issuer = record.issuer; issuer !== null && !seen.has(issuer); ) {
    seen.add(issuer);
    const next = findCa(registry, issuer);
    issuers.push(await readCaCertificate(folder, next));
    issuer = next.issuer;
  }
  return issuers;
}
