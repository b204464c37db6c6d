/** Signing a verification code with a CA's key that is not in the PKI folder. */
import { type KeyObject, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import {
  CaToolsError,
  type Certificate,
  certificatesIn,
  generateKeyPair,
  type Issuer,
  type Item,
  isKeyOf,
  issueCertificate,
  type PasswordSource,
  PROFILES,
  parseCertificate,
  validityFor,
} from "@dps-certs/ca-tools";
import type { CertificateResponse } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { shortPath } from "../../output/text.ts";
import type { Connection } from "../../target/connection.ts";
import { exposedMode } from "../exposed-mode.ts";
import { isUploadOf } from "../names.ts";
import { readFiles } from "../read-input.ts";

export interface KeyFiles {
  /** Certificate of the CA. @default the key's file, the PKI folder, what the service was given */
  ca: string | undefined;
  key: string;
}

/**
 * The CA that was uploaded, out of files: its certificate and its private key.
 *
 * @param known - its certificate, where the PKI folder has it
 * @throws {CliError} `drift`, `not-found`; {CaToolsError} `key-mismatch`, `password-required`
 */
export async function openUploadedCa(
  context: Context,
  connection: Connection,
  stored: CertificateResponse,
  {
    files,
    known,
    password,
  }: { files: KeyFiles; known: Certificate | undefined; password: PasswordSource },
): Promise<Issuer> {
  const { io, report } = context;
  const keyItems = await readFiles(io.cwd, [files.key], { password });
  const path = resolve(io.cwd, files.key);
  const mode = await exposedMode(path);
  if (mode !== undefined) {
    report.warn(`${shortPath(io.cwd, path)} holds a private key and has mode ${mode}`);
  }
  const privateKey = keyOf(keyItems, path);
  const given =
    files.ca === undefined ? keyItems : await readFiles(io.cwd, [files.ca], { password });
  const certificate =
    certificatesIn(given).find((one) => isUploadOf(one, stored)) ??
    (files.ca === undefined ? (known ?? (await askService(connection, stored))) : undefined);
  if (certificate === undefined) throw otherCa(stored, files);
  if (isKeyOf(privateKey, certificate)) return { certificate, privateKey };
  throw new CaToolsError(
    "key-mismatch",
    `the key in ${files.key} is not the one of ${certificate.subject}`,
    {
      file: path,
      hint: "give the key that the uploaded certificate was made for",
    },
  );
}

/** Signs the code with a key that is used for nothing else; nothing is written. */
export async function signCode(issuer: Issuer, code: string, now: Date): Promise<string> {
  const { publicKey } = await generateKeyPair();
  const { notBefore, notAfter } = validityFor(now, PROFILES.verification.days, issuer.certificate);
  const subject = { commonName: code };
  const profile = "verification" as const;
  return (await issueCertificate({ profile, subject, publicKey, issuer, notBefore, notAfter })).pem;
}

function keyOf(items: readonly Item[], file: string): KeyObject {
  const all = items.flatMap((item) =>
    item.kind === "pfx" ? [item, ...(item.contents ?? [])] : item,
  );
  const keys = all.flatMap((item) => (item.kind === "private-key" ? (item.key ?? []) : []));
  const [key] = keys;
  if (key !== undefined) return key;
  const isClosed = all.some(
    (item) =>
      (item.kind === "private-key" && item.error === undefined) ||
      (item.kind === "pfx" && item.contents === undefined && item.error === undefined),
  );
  if (isClosed) {
    throw new CaToolsError("password-required", `${file} is encrypted, and no password was given`, {
      file,
      hint: "give it with --ca-password-file or --ca-password-env",
    });
  }
  const error = all.flatMap((item) => ("error" in item ? (item.error ?? []) : []))[0];
  throw new CliError(
    "not-found",
    `there is no private key in ${file}${error ? `: ${error.message}` : ""}`,
    {
      hint: error?.hint ?? `see what is in it with: dps-certs inspect ${file}`,
    },
  );
}

/**
 * The service gives back what was uploaded with a verification code, and only there. The code of this
 * call is void with the next.
 */
async function askService(
  { certificates }: Connection,
  stored: CertificateResponse,
): Promise<Certificate | undefined> {
  const answer = await certificates.generateVerificationCode(stored.name, { ifMatch: "*" });
  const bytes = Buffer.from(answer.properties.certificate ?? "", "base64");
  try {
    const certificate = parseCertificate(new X509Certificate(bytes).toString());
    return isUploadOf(certificate, stored) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function otherCa({ name, properties }: CertificateResponse, { ca, key }: KeyFiles): CliError {
  return new CliError(
    "drift",
    `${ca ?? key} does not hold the certificate that the service has as ${name}: SHA-1 ${properties.thumbprint}`,
    { hint: "name its file with --ca" },
  );
}
