import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists } from "../folder/files.ts";
import { caPaths, ROOT } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import type { Certificate } from "../x509/certificate.ts";
import { algorithmOf, isKeyOf } from "../x509/keys.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { archiveMoves } from "./archive.ts";
import { caFiles, caRecord, replacedFiles, storedKey } from "./ca-files.ts";

export interface ImportOptions {
  /** The CA's own certificate and, optionally, those above it. */
  certificates: readonly Certificate[];
  privateKey: KeyObject;
  now: Date;
  /** Replaces the chain that is there; its files are moved to `old-<time>/`. @default false */
  force?: boolean;
  /** Stores the private key encrypted. @default unencrypted */
  password?: string;
  /** Where they came from; named in errors. */
  file?: string;
}

export interface Imported {
  certificate: Certificate;
  /** Its name in the folder. */
  name: string;
  /** The folder had this CA before: nothing was changed, but for a file of it that was missing. */
  already: boolean;
  /** Certificates above it, which the folder does not keep: it is the top there. */
  above: Certificate[];
  /** Folder that replaced files were moved to. */
  archive?: string;
}

/**
 * Makes a CA of one's own the top of a PKI folder, self-signed or not: whoever trusts it needs no key
 * of what is above it. Once more with the same CA changes nothing.
 *
 * @throws {CaToolsError} as {@link checkOwnCa}; `exists` when the folder has another CA, unless forced
 */
export async function importCa(folder: string, options: ImportOptions): Promise<Imported> {
  const { privateKey, now, force = false } = options;
  const { certificate, above } = checkOwnCa(options);
  const keyPem = await storedKey(privateKey, options.password);
  const ca = { name: ROOT, issuer: null, certificate, keyPem };
  let already = false;
  let archive: string | undefined;
  await changePki(folder, async (registry) => {
    const { cas } = registry;
    already = cas.some(({ name, sha256 }) => name === ROOT && sha256 === certificate.sha256);
    const files = caFiles(ca);
    if (already) return { files: await missingOf(folder, files) };
    if (cas.length > 0 && !force) throw otherCa(folder);
    const moves = await archiveMoves(folder, now, force ? replacedFiles(registry) : []);
    if (cas.length > 0) archive = moves[0]?.to.split("/")[0];
    const algorithm = algorithmOf(privateKey);
    return { moves, files, registry: { ...registry, algorithm, cas: [caRecord(ca, null)] } };
  });
  return { certificate, name: ROOT, already, above, ...(archive !== undefined && { archive }) };
}

async function missingOf<T extends { path: string }>(folder: string, files: T[]): Promise<T[]> {
  const there = await Promise.all(files.map(({ path }) => exists(join(folder, path))));
  return files.filter((_, index) => !there[index]);
}

function otherCa(folder: string): CaToolsError {
  const file = join(folder, caPaths(ROOT).certificate);
  return new CaToolsError("exists", `${folder} has another CA already`, {
    file,
    hint: "choose another folder with --pki, or replace its chain with --force (the old one is kept in old-<time>/)",
  });
}

/**
 * Checks that the certificates hold a CA that the key belongs to and that may sign now.
 *
 * @returns the CA's certificate, and those above it in order
 * @throws {CaToolsError} `key-mismatch`, `not-a-ca`, `outside-validity`, `unsupported-key`;
 * `invalid-certificate` when one of the certificates is not above it
 */
export function checkOwnCa({
  certificates,
  privateKey,
  now,
  file,
}: Pick<ImportOptions, "certificates" | "privateKey" | "now" | "file">): {
  certificate: Certificate;
  above: Certificate[];
} {
  const named = file === undefined ? {} : { file };
  algorithmOf(privateKey, file);
  const certificate = certificates.find((one) => isKeyOf(privateKey, one));
  if (certificate === undefined) {
    const subjects = certificates.map(({ subject }) => subject).join("; ") || "none";
    throw new CaToolsError(
      "key-mismatch",
      `the private key belongs to none of the certificates: ${subjects}`,
      { ...named, hint: "give the key that the CA's certificate was made for" },
    );
  }
  const problem = authorityProblem(certificate);
  if (problem !== undefined) {
    throw new CaToolsError("not-a-ca", `${certificate.subject} ${problem}`, {
      ...named,
      hint: "give the certificate of a CA: basicConstraints CA:TRUE, keyUsage keyCertSign",
    });
  }
  checkValidNow(certificate, now, named);
  return { certificate, above: issuersOf(certificate, certificates, named) };
}

/** Why it may issue no certificates (RFC 5280 §4.2.1.9, §4.2.1.3). */
function authorityProblem({ version, basicConstraints, keyUsage }: Certificate) {
  if (version < 3) {
    return `is a version ${version} certificate, which cannot say that it is a CA's`;
  }
  if (basicConstraints === undefined) return "is no CA: it has no basicConstraints";
  if (!basicConstraints.ca) return "is no CA: its basicConstraints say CA:FALSE";
  if (keyUsage?.keyCertSign === false) {
    return "may not sign certificates: its keyUsage leaves out keyCertSign";
  }
  return undefined;
}

function checkValidNow(
  { subject, notBefore, notAfter }: Certificate,
  now: Date,
  named: { file?: string },
): void {
  if (now >= notBefore && now <= notAfter) return;
  throw new CaToolsError(
    "outside-validity",
    `${subject} is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, not now`,
    { ...named, hint: "check the clock, or have the CA's certificate renewed" },
  );
}

function issuersOf(
  certificate: Certificate,
  certificates: readonly Certificate[],
  named: { file?: string },
): Certificate[] {
  const left = new Map(certificates.map((one) => [one.sha256, one]));
  left.delete(certificate.sha256);
  const above: Certificate[] = [];
  let tip: Certificate | undefined = certificate;
  while (tip !== undefined) {
    const below: Certificate = tip;
    tip = [...left.values()].find((one) => isIssuedBy(below, one));
    if (tip === undefined) break;
    left.delete(tip.sha256);
    above.push(tip);
  }
  const [stranger] = left.values();
  if (stranger === undefined) return above;
  throw new CaToolsError(
    "invalid-certificate",
    `${stranger.subject} is not above ${certificate.subject}, whose private key this is`,
    { ...named, hint: "give the CA's own certificate and, at most, those above it" },
  );
}
