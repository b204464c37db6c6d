import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { inBatches } from "../folder/batches.ts";
import { readText } from "../folder/files.ts";
import { readIndex } from "../folder/index-file.ts";
import type { IndexEntry } from "../folder/index-row.ts";
import { caStem, INDEX_FILE } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import { CRL_NUMBER_FILE, counterFile, readCounter } from "../folder/serial-file.ts";
import { type Certificate, MAX_CERTIFICATE_BYTES, parseCertificate } from "../x509/certificate.ts";
import {
  type Crl,
  type CrlEntry,
  isCrlOf,
  issueCrl,
  MAX_CRL_BYTES,
  parseCrl,
} from "../x509/crl.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { validityFor } from "../x509/validity.ts";
import { checkIssuer } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";

export interface MadeCrl {
  crl: Crl;
  /** Relative to the folder. */
  file: string;
  /**
   * Serial numbers of revoked certificates whose copy in newcerts/ is missing or damaged, so that
   * nobody can tell which CA issued them. They are on the CRL: one that is too wide is safe, as serial
   * numbers count for each issuer alone.
   */
  unknown: string[];
}

/** Where the CRL of a CA lies, relative to the folder. */
export const crlPath = (ca: string): string => `crl/${caStem(ca)}.crl.pem`;

/**
 * Makes the CRL of one CA (RFC 5280 §5): of every revoked row of `index.txt` whose certificate this CA
 * issued. Root and intermediates share one index.txt, so the certificates in newcerts/ tell whose they
 * are, and the rows of those that were made in bulk do so themselves. What has expired stays: §3.3 wants a certificate on at least one CRL beyond its end, and on all
 * is simplest.
 *
 * The number is one more than that of the CA's last CRL, whoever made it.
 *
 * @param days - until the next CRL. @default 30
 * @throws {CaToolsError} `damaged-folder` naming file and line; `outside-validity` for a CA that is not
 * valid now, or other days; `not-a-ca` for one that may not sign CRLs; `locked` when it was replaced
 */
export async function createCrl(
  folder: string,
  { ca, now, days = 30 }: { ca: Ca; now: Date; days?: number },
): Promise<MadeCrl> {
  const validity = validityFor(now, days, ca.certificate);
  const file = crlPath(ca.record.name);
  let made: MadeCrl | undefined;
  await changePki(folder, async (registry) => {
    checkIssuer(folder, registry, ca);
    const { entries, unknown } = await revokedBy(folder, ca.certificate);
    const { number, registry: counted, next } = await numberFor(folder, registry, ca);
    const crl = await issueCrl({
      issuer: ca,
      number,
      thisUpdate: now,
      nextUpdate: validity.cutFrom ?? validity.notAfter,
      entries,
    });
    made = { crl, file, unknown };
    return {
      files: [
        { path: file, data: crl.pem, replace: true },
        ...(next === undefined ? [] : [counterFile(CRL_NUMBER_FILE, next)]),
      ],
      registry: counted,
    };
  });
  if (made === undefined) throw new CaToolsError("locked", `nothing was changed in ${folder}`);
  return made;
}

async function revokedBy(
  folder: string,
  ca: Certificate,
): Promise<{ entries: CrlEntry[]; unknown: string[] }> {
  const rows = new Map<string, IndexEntry>();
  for await (const row of readIndex(join(folder, INDEX_FILE))) {
    if (row.status === "R" && !rows.has(row.serialNumber)) rows.set(row.serialNumber, row);
  }
  const revoked = [...rows.values()];
  const certificates = await inBatches(revoked, (row) => issuedCertificate(folder, row));
  const isOurs = ({ issuer = "" }: IndexEntry, at: number) => {
    const certificate = certificates[at];
    if (certificate !== undefined) return isIssuedBy(certificate, ca);
    return ca.sha256.startsWith(issuer);
  };
  return {
    entries: revoked.filter(isOurs).map(entryOf),
    unknown: revoked
      .filter(({ issuer }, at) => certificates[at] === undefined && issuer === undefined)
      .map(({ serialNumber }) => serialNumber),
  };
}

/** Undefined where there is none that can be read. */
async function issuedCertificate(
  folder: string,
  { serialNumber }: IndexEntry,
): Promise<Certificate | undefined> {
  const path = join(folder, "newcerts", `${serialNumber}.pem`);
  const text = await readText(path, MAX_CERTIFICATE_BYTES);
  if (text === undefined) return undefined;
  try {
    const certificate = parseCertificate(text, path);
    return certificate.serialNumber === serialNumber ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function entryOf({ serialNumber, revocation, notAfter }: IndexEntry): CrlEntry {
  const { at = notAfter, reason, invalidSince } = revocation ?? {};
  return {
    serialNumber,
    at,
    // Belongs on delta CRLs alone (§5.3.1): elsewhere it would have readers take back the revocation.
    ...(reason && reason !== "removeFromCRL" && { reason }),
    ...(invalidSince && { invalidSince }),
  };
}

interface Numbers {
  number: bigint;
  registry: Registry;
  /** For `crlnumber`; undefined where that is ahead already. */
  next: bigint | undefined;
}

/**
 * Each CA counts for itself. `crlnumber`, which openssl keeps for all, is raised so that `openssl ca
 * -gencrl` never falls behind; where it is ahead of what we gave, openssl made CRLs meanwhile, of
 * whichever CA: then all go on from there.
 */
async function numberFor(folder: string, registry: Registry, ca: Ca): Promise<Numbers> {
  const kept = (await readCounter(folder, CRL_NUMBER_FILE)) ?? 0n;
  const given = registry.cas.map(({ crlNumber = 0 }) => BigInt(crlNumber));
  const highest = given.reduce((a, b) => (a > b ? a : b), 0n);
  const floor = kept > highest + 1n ? kept - 1n : 0n;
  const last = max(await lastInFile(folder, ca), BigInt(ownRecord(registry, ca)?.crlNumber ?? 0));
  const number = max(last, floor) + 1n;
  const cas = registry.cas.map((record) => {
    const before = BigInt(record.crlNumber ?? 0);
    const after = record.name === ca.record.name ? number : max(before, floor);
    return after === 0n ? record : { ...record, crlNumber: safeNumber(folder, after) };
  });
  return { number, registry: { ...registry, cas }, next: number < kept ? undefined : number + 1n };
}

const max = (a: bigint, b: bigint) => (a > b ? a : b);

const ownRecord = ({ cas }: Registry, { record }: Ca): CaRecord | undefined =>
  cas.find(({ name }) => name === record.name);

/** Of the CA's CRL that lies there; one that cannot be read, or is another CA's, says nothing. */
async function lastInFile(folder: string, { record, certificate }: Ca): Promise<bigint> {
  const text = await readText(join(folder, crlPath(record.name)), MAX_CRL_BYTES);
  if (text === undefined) return 0n;
  try {
    const crl = parseCrl(text);
    return isCrlOf(crl, certificate) ? (crl.number ?? 0n) : 0n;
  } catch {
    return 0n;
  }
}

function safeNumber(folder: string, number: bigint): number {
  if (number <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(number);
  const file = join(folder, CRL_NUMBER_FILE);
  throw new CaToolsError(
    "invalid-crl",
    `the CRL number ${number} is more than can be counted here`,
    {
      file,
      hint: "numbers up to 9007199254740991 can be",
    },
  );
}
