/** A CA of one's own, as it lies in files: PEM, DER or PFX, the key beside it or within. */
import type { KeyObject } from "node:crypto";
import { CaToolsError, type CaToolsErrorCode } from "../errors.ts";
import {
  type Certificate,
  MAX_CERTIFICATE_BYTES,
  parseCertificate,
  parseCertificates,
} from "../x509/certificate.ts";
import { pemText } from "../x509/certificate-input.ts";
import { readPfx } from "../x509/pfx/read.ts";
import { type PasswordSource, readPrivateKey } from "../x509/private-key.ts";
import { readAtMost } from "./input-file.ts";
import { rememberPassword } from "./remember-password.ts";

interface InputFile {
  path: string;
  bytes: Uint8Array;
}

/** Files that were read and not looked into. Holds secrets. */
export interface CaInput {
  certificates: InputFile;
  /** The same file where it holds both. */
  key: InputFile;
}

/** A CA with its key. Holds secrets. */
export interface CaMaterial {
  /** In the order of the file. */
  certificates: Certificate[];
  privateKey: KeyObject;
  /** What its key was encrypted with; undefined where it was not. */
  password?: string;
}

/**
 * Reads the files of a CA, at most 1 MiB each.
 *
 * @param paths - `key` undefined: the first file holds the key as well
 * @throws {CaToolsError} `not-found`; `invalid-certificate` for a folder or too large a file
 */
export async function readCaInput(paths: {
  certificates: string;
  key?: string | undefined;
}): Promise<CaInput> {
  const certificates = await readInput(paths.certificates);
  return { certificates, key: paths.key === undefined ? certificates : await readInput(paths.key) };
}

async function readInput(path: string): Promise<InputFile> {
  const refuse = (problem: string) => notReadable(path, problem);
  const bytes = await readAtMost(path, MAX_CERTIFICATE_BYTES + 1, { refuse });
  if (bytes.length <= MAX_CERTIFICATE_BYTES) return { path, bytes };
  throw notReadable(path, `has more than ${MAX_CERTIFICATE_BYTES} bytes`);
}

function notReadable(path: string, problem: string): CaToolsError {
  return new CaToolsError("invalid-certificate", `${path} ${problem}`, {
    file: path,
    hint: "give a file that holds the CA alone: PEM, DER or PFX",
  });
}

/**
 * The certificates of the files as far as they can be read without a password: none of a PFX.
 *
 * @throws {CaToolsError} `invalid-certificate`
 */
export function caCertificatesIn({ certificates: { path, bytes } }: CaInput): Certificate[] {
  if (isPfx(bytes)) return [];
  const text = pemText(bytes);
  return text === undefined ? [parseCertificate(bytes, path)] : parseCertificates(text, path);
}

/** PFX ::= SEQUENCE { version INTEGER (3), … (RFC 7292 §4): a certificate begins with a SEQUENCE. */
function isPfx(bytes: Uint8Array): boolean {
  const length = bytes[1] ?? 0;
  const content = 2 + (length & 0x80 ? length & 0x7f : 0);
  const version = bytes.subarray(content, content + 3);
  return bytes[0] === 0x30 && Buffer.from(version).equals(Buffer.of(2, 1, 3));
}

/**
 * Opens the files: certificates and private key.
 *
 * @param password - asked for when the key, or the PFX, is encrypted
 * @throws {CaToolsError} `not-found` when there is no private key, `invalid-certificate`,
 * `invalid-key`, `invalid-pfx`, `unsupported-key`, `password-required`, `wrong-password`
 */
export async function openCaInput(input: CaInput, password?: PasswordSource): Promise<CaMaterial> {
  const { source, given } = rememberPassword(password);
  const { path, bytes } = input.certificates;
  const isBundle = isPfx(bytes);
  const bundle = isBundle
    ? await readPfx(bytes, { password: source, file: path })
    : { certificates: caCertificatesIn(input), privateKey: undefined };
  const privateKey = bundle.privateKey ?? (await readKey(input, isBundle, source));
  const used = given();
  return { ...bundle, privateKey, ...(used !== undefined && { password: used }) };
}

async function readKey(
  { certificates, key: { path, bytes } }: CaInput,
  isBundle: boolean,
  password: PasswordSource,
): Promise<KeyObject> {
  const isSame = path === certificates.path;
  if (isBundle && isSame) throw noKey("not-found", path);
  if (isPfx(bytes)) throw bundleForKey(path);
  const text = pemText(bytes);
  // DER beside the certificate is a key; alone it is the certificate.
  const holdsKey = text === undefined ? !isSame : text.includes("PRIVATE KEY-----");
  if (!holdsKey) throw noKey(isSame ? "not-found" : "invalid-key", path);
  return await readPrivateKey(bytes, { file: path, password });
}

function noKey(code: CaToolsErrorCode, path: string): CaToolsError {
  return new CaToolsError(code, `${path} holds no private key`, {
    file: path,
    hint: "give the file of the CA's private key: --ca-key",
  });
}

function bundleForKey(path: string): CaToolsError {
  return new CaToolsError("invalid-key", `${path} is a PFX, not a private key alone`, {
    file: path,
    hint: "a PFX holds the certificate too: give it as the CA, and no key beside it",
  });
}
