import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists } from "../folder/files.ts";
import { type CaPaths, caPaths, PKI_FILE, ROOT } from "../folder/layout.ts";
import { readCertificate, readPair } from "../folder/read.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import type { PasswordSource } from "../x509/private-key.ts";
import { rememberPassword } from "./remember-password.ts";

/** A CA of the folder with the certificates above it. */
export interface Ca extends Issuer {
  record: CaRecord;
  /** Its own certificate first, the root last. */
  chain: Certificate[];
}

/** A CA as far as it can be told without a password: it cannot sign. */
export interface KnownCa extends Omit<Ca, "privateKey"> {
  /** Whether its key is, and so was not compared with the certificate; false where the key is elsewhere. */
  isEncrypted: boolean;
}

export function findCa(registry: Registry, name: string): CaRecord {
  const record = registry.cas.find((ca) => ca.name === name);
  if (record !== undefined) return record;
  const known = registry.cas.map((ca) => ca.name).join(", ") || "none";
  throw new CaToolsError("not-found", `the PKI folder has no CA named ${name} (it has: ${known})`, {
    hint:
      registry.cas.length === 0
        ? "make one with: dps-certs ca create"
        : "see them with: dps-certs ca show",
  });
}

/** The CA's certificate, compared with what was recorded when it was made. */
export async function readCaCertificate(folder: string, record: CaRecord): Promise<Certificate> {
  const path = caPaths(record.name).certificate;
  const remedy = await remedyFor(folder);
  const certificate = await readCertificate(folder, path, remedy);
  const file = join(folder, path);
  if (certificate === undefined) {
    const hint = `restore ${remedy}`;
    throw new CaToolsError("not-found", `${file} is missing`, { file, hint });
  }
  checkRecorded(certificate, record, { file, remedy });
  return certificate;
}

/** Ends a hint that begins with "restore". A folder that only the scripts used has no list of CAs. */
async function remedyFor(folder: string): Promise<string> {
  return (await exists(join(folder, PKI_FILE)))
    ? "it from a copy, or replace the chain with: dps-certs ca create --force"
    : "it from a copy, or make the chain anew with: dps-certs certgen create_root_and_intermediate --force";
}

function checkRecorded(
  certificate: Certificate,
  record: CaRecord,
  { file, remedy }: { file: string; remedy: string },
): void {
  if (certificate.sha256 === record.sha256) return;
  throw new CaToolsError(
    "damaged-folder",
    `${file} is not the certificate that pki.json names (SHA-256 ${record.sha256})`,
    { file, hint: `restore ${remedy}` },
  );
}

/**
 * Loads a CA that can sign.
 *
 * @param password - asked for when its key is encrypted
 * @throws {CaToolsError} naming the file that is missing, damaged, or does not belong to the others;
 * `key-elsewhere`; `password-required` or `wrong-password`
 */
export async function loadCa(
  folder: string,
  registry: Registry,
  name: string,
  password?: PasswordSource,
): Promise<Ca> {
  return (await openCa(folder, registry, name, password)).ca;
}

/**
 * As {@link loadCa}, with the password that its key is kept under, for what is to be kept likewise;
 * undefined where the key is not encrypted. A secret.
 */
export async function openCa(
  folder: string,
  registry: Registry,
  name: string,
  password?: PasswordSource,
): Promise<{ ca: Ca; password: string | undefined }> {
  const record = findCa(registry, name);
  const remembering = rememberPassword(password);
  const remedy = await remedyFor(folder);
  const paths = caPaths(name);
  if (await isKeyAbsent(folder, record)) throw keyElsewhere(folder, record);
  const pair = await readPairOfScript({ folder, paths, remedy }, remembering.source);
  const { certificate, privateKey, isOfScript } = pair;
  const ca = { certificate, privateKey, record, chain: [certificate] };
  checkRecorded(certificate, record, { file: join(folder, paths.certificate), remedy });
  ca.chain.push(...(await readIssuers(folder, registry, record)));
  return { ca, password: isOfScript ? SCRIPT_PASSWORD : remembering.given() };
}

/** A key that was put beside its certificate nevertheless is used. */
async function isKeyAbsent(folder: string, { name, keyElsewhere }: CaRecord): Promise<boolean> {
  return keyElsewhere === true && !(await exists(join(folder, caPaths(name).key)));
}

function keyElsewhere(folder: string, { name }: CaRecord): CaToolsError {
  const where =
    name === ROOT ? "on the machine that made this folder" : `in the folder of ${name} alone`;
  return new CaToolsError("key-elsewhere", `${folder} has the CA ${name} without its private key`, {
    file: join(folder, caPaths(name).key),
    hint: `do this where that key is: ${where}`,
  });
}

/**
 * Reads a CA without asking for a password: a key that is not encrypted is compared with the
 * certificate, an encrypted one is left alone.
 *
 * @throws {CaToolsError} as {@link loadCa}, but for passwords
 */
export async function readCa(folder: string, registry: Registry, name: string): Promise<KnownCa> {
  const record = findCa(registry, name);
  const isHere = !(await isKeyAbsent(folder, record));
  const isEncrypted = isHere && (await isKeyEncrypted(folder, caPaths(name)));
  const certificate = await readCaCertificate(folder, record);
  const issuers = await readIssuers(folder, registry, record);
  return { record, certificate, chain: [certificate, ...issuers], isEncrypted };
}

async function isKeyEncrypted(folder: string, paths: CaPaths): Promise<boolean> {
  try {
    await readPair(folder, paths, await remedyFor(folder));
    return false;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "password-required") throw error;
    return true;
  }
}

/** What the CACertificates scripts encrypt every CA key with. */
export const SCRIPT_PASSWORD = "1234";

/** The scripts' password is no secret, so it is tried before anybody is asked. */
async function readPairOfScript(
  { folder, paths, remedy }: { folder: string; paths: CaPaths; remedy: string },
  password: PasswordSource,
) {
  let isOfScript = false;
  const scriptPassword = () => {
    isOfScript = true;
    return Promise.resolve(SCRIPT_PASSWORD);
  };
  try {
    return { ...(await readPair(folder, paths, remedy, scriptPassword)), isOfScript };
  } catch (error) {
    if ((error as { code?: unknown }).code !== "wrong-password") throw error;
    return { ...(await readPair(folder, paths, remedy, password)), isOfScript: false };
  }
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
