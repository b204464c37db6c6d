import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { type Certificate, MAX_CERTIFICATE_BYTES, parseCertificate } from "../x509/certificate.ts";
import { isKeyOf } from "../x509/keys.ts";
import { type PasswordSource, readPrivateKey } from "../x509/private-key.ts";
import { readText } from "./files.ts";
import type { CaPaths } from "./layout.ts";

/**
 * Reads a certificate of the folder; undefined when there is no such file.
 *
 * @param remedy - ends the hint that begins with "restore"
 */
export async function readCertificate(
  folder: string,
  path: string,
  remedy: string,
): Promise<Certificate | undefined> {
  const file = join(folder, path);
  const text = await readText(file, MAX_CERTIFICATE_BYTES);
  return text === undefined ? undefined : parseCertificate(text, file, remedy);
}

/**
 * Reads a certificate and its private key, and makes sure that they belong together.
 *
 * @param password - asked for when the key turns out to be encrypted
 * @throws {CaToolsError} `not-found` when one of the two is missing, `invalid-certificate`,
 * `invalid-key`, `password-required`, `wrong-password` or `key-mismatch`, each naming the file
 */
export async function readPair(
  folder: string,
  paths: CaPaths,
  remedy: string,
  password?: PasswordSource,
): Promise<{ certificate: Certificate; privateKey: KeyObject }> {
  const file = join(folder, paths.certificate);
  const keyFile = join(folder, paths.key);
  const certificate = await readCertificate(folder, paths.certificate, remedy);
  if (certificate === undefined) throw missing(file, remedy);
  const keyText = await readText(keyFile, MAX_CERTIFICATE_BYTES);
  if (keyText === undefined) throw missing(keyFile, remedy);
  const options = { file: keyFile, remedy, ...(password && { password }) };
  const privateKey = await readPrivateKey(keyText, options);
  if (isKeyOf(privateKey, certificate)) return { certificate, privateKey };
  throw new CaToolsError("key-mismatch", `${keyFile} is not the private key of ${file}`, {
    file: keyFile,
    hint: `restore ${remedy}`,
  });
}

function missing(file: string, remedy: string): CaToolsError {
  return new CaToolsError("not-found", `${file} is missing`, { file, hint: `restore ${remedy}` });
}
