/** Certification requests: PKCS #10 (RFC 2986). */
import { createPublicKey, type KeyObject } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import { derOf, isSignedBy, pemOf, signedParts } from "./encoded.ts";
import type { Names } from "./extensions.ts";
import { type GeneralName, readGeneralNames, showGeneralName } from "./general-names.ts";
import { checkCommonName } from "./issue.ts";
import { algorithmOf, type KeyAlgorithmName, type KeyPair } from "./keys.ts";
import {
  type Name,
  ParsedRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "./library.ts";
import { commonNameSubject } from "./names.ts";
import { provider, signingKey } from "./provider.ts";

/** Whoever made it holds the private key: its signature was checked. */
export interface CertificateRequest {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly subjectName: Name;
  /** For people, e.g. `CN=dev-1`. */
  readonly subject: string;
  /** The subject's common name; undefined unless it has exactly one. */
  readonly commonName: string | undefined;
  readonly publicKey: KeyObject;
  readonly keyAlgorithm: KeyAlgorithmName;
  /** As OpenSSL calls it, e.g. `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string;
  /** What is asked for; the issuer decides what it gives. */
  readonly subjectAlternativeNames: readonly GeneralName[];
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean }[];
}

/** Upper bound of a request, in bytes: one with an RSA-4096 key has about 2 KiB. */
export const MAX_REQUEST_BYTES: number = 64 * 1024;

const LABEL = "CERTIFICATE REQUEST";
/** The second is what old programs write (RFC 7468 §7). */
const LABELS = [LABEL, `NEW ${LABEL}`];
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

/** What a request is made of: its subject is a common name, or a name passed on byte for byte. */
export type RequestInput = { keys: KeyPair; subjectAlternativeNames?: Names } & (
  | { commonName: string }
  | { subject: Name }
);

/**
 * Makes a request, signed with its own key.
 *
 * @throws {CaToolsError} `invalid-name` for a common name that no certificate could have
 */
export async function createRequest(input: RequestInput): Promise<CertificateRequest> {
  const { keys, subjectAlternativeNames: names } = input;
  if ("commonName" in input) checkCommonName(input.commonName);
  const { key, algorithm } = await signingKey(keys.privateKey);
  const spki = keys.publicKey.export({ type: "spki", format: "der" });
  const publicKey = await provider.subtle.importKey(
    "spki",
    new Uint8Array(spki),
    key.algorithm as EcKeyImportParams | RsaHashedImportParams,
    true,
    ["verify"],
  );
  const made = await Pkcs10CertificateRequestGenerator.create(
    {
      name: "subject" in input ? input.subject : commonNameSubject(input.commonName),
      keys: { privateKey: key, publicKey },
      signingAlgorithm: algorithm,
      extensions: names ? [subjectAlternativeNames(names)] : [],
    },
    provider,
  );
  return parseRequest(new Uint8Array(made.rawData));
}

function subjectAlternativeNames({ dns = [], ip = [] }: Names): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension([
    ...dns.map((value) => ({ type: "dns" as const, value })),
    ...ip.map((value) => ({ type: "ip" as const, value })),
  ]);
}

/**
 * Reads a request and checks its signature.
 *
 * @param input - PEM, of which the first request counts, or DER; at most {@link MAX_REQUEST_BYTES}
 * @param file - named in the error
 * @throws {CaToolsError} `invalid-request`, also for a signature that does not verify;
 * `unsupported-key` for a key that certificates are not made for here
 */
export function parseRequest(input: string | Uint8Array, file?: string): CertificateRequest {
  const der = derOf(input, LABELS, MAX_REQUEST_BYTES);
  if (der === undefined) throw noRequest(file);
  try {
    return read(new Uint8Array(der), file);
  } catch (cause) {
    throw cause instanceof CaToolsError ? cause : noRequest(file, cause);
  }
}

function read(der: Uint8Array, file: string | undefined): CertificateRequest {
  const parts = signedParts(der);
  const { signatureAlgorithm } = parts;
  const parsed = new ParsedRequest(der);
  const spki = Buffer.from(parsed.publicKey.rawData);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const keyAlgorithm = algorithmOf(publicKey, file);
  checkSigned(isSignedBy(parts, publicKey), signatureAlgorithm, file);
  const commonNames = parsed.subjectName.getField("CN");
  const names = parsed.extensions.find(({ type }) => type === SUBJECT_ALTERNATIVE_NAME);
  return {
    der,
    pem: pemOf(LABEL, der),
    subjectName: parsed.subjectName,
    subject: parsed.subject,
    commonName: commonNames.length === 1 ? commonNames[0] : undefined,
    publicKey,
    keyAlgorithm,
    signatureAlgorithm,
    subjectAlternativeNames: names
      ? readGeneralNames(new Uint8Array(names.value)).map(showGeneralName)
      : [],
    extensions: Array.from(parsed.extensions, ({ type, critical }) => ({ oid: type, critical })),
  };
}

function checkSigned(
  isSigned: boolean | undefined,
  algorithm: string,
  file: string | undefined,
): void {
  if (isSigned) return;
  const isOdd = isSigned === undefined;
  throw invalid(
    file,
    isOdd
      ? `is signed in a way that proves nothing here: ${algorithm}`
      : "is damaged: its signature is not by its key",
    isOdd
      ? "make it again with ECDSA or RSA (PKCS #1 v1.5) and SHA-256, SHA-384 or SHA-512"
      : "make it again where its private key is",
  );
}

const noRequest = (file: string | undefined, cause?: unknown) =>
  invalid(
    file,
    "is not a certification request (PKCS #10) in PEM or DER form",
    "make it again, for instance with: openssl req -new",
    cause,
  );

function invalid(
  file: string | undefined,
  problem: string,
  hint: string,
  cause?: unknown,
): CaToolsError {
  return new CaToolsError("invalid-request", `${file ?? "the input"} ${problem}`, {
    ...(file === undefined ? {} : { file }),
    hint,
    cause,
  });
}
