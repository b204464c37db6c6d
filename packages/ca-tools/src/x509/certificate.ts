import { X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate as CertificateSyntax, type Time } from "@peculiar/asn1-x509";
import { CaToolsError } from "../errors.ts";
import { keyAlgorithmName, signatureAlgorithmName } from "./algorithm-names.ts";
import { readExtensions } from "./certificate-extensions.ts";
import { certificateBlocks, notACertificate, pemText } from "./certificate-input.ts";
import type { GeneralName } from "./general-names.ts";
import { Name } from "./library.ts";
import { nameKey } from "./names.ts";

/** A certificate, read once. Thumbprints and serial numbers are upper-case hex without separators. */
export interface Certificate {
  readonly der: Uint8Array;
  readonly pem: string;
  /** For signatures and keys. */
  readonly x509: X509Certificate;
  readonly version: number;
  readonly serialNumber: string;
  readonly sha1: string;
  readonly sha256: string;
  /** Distinguished names as text, e.g. `CN=thermostats Root CA`; for people, not for comparison. */
  readonly subject: string;
  readonly issuer: string;
  /** Distinguished names as structure, to be passed on byte for byte. */
  readonly subjectName: Name;
  /** For comparison: equal where RFC 5280 §7.1 calls the names equal. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  /** The subject's common name; undefined unless it has exactly one. */
  readonly commonName: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly basicConstraints: { ca: boolean; pathLength: number | undefined } | undefined;
  readonly keyUsage: { keyCertSign: boolean; digitalSignature: boolean } | undefined;
  /** All of keyUsage, by RFC 5280 §4.2.1.3's names in the order of its bits. */
  readonly keyUsages: readonly string[] | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  readonly subjectAlternativeNames: readonly GeneralName[];
  readonly nameConstraints:
    | { readonly permitted: readonly GeneralName[]; readonly excluded: readonly GeneralName[] }
    | undefined;
  /**
   * As OpenSSL calls it, e.g. `ecdsa-with-SHA256`, and `rsassaPss-SHA256` with its digest; an object
   * identifier where it has no name.
   */
  readonly signatureAlgorithm: string;
  /** Kind and size of the key, e.g. `ec-p256`, `rsa-4096`, `ed25519`, `ec-secp256k1`. */
  readonly keyAlgorithm: string;
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean }[];
}

/** Upper bound for one file of certificates, in bytes: a chain is a few KiB. */
export const MAX_CERTIFICATE_BYTES: number = 1024 * 1024;

/**
 * Upper bound for one certificate as DER, in bytes. OpenSSL takes no longer chain in a handshake
 * either; the ASN.1 library's time grows with the square of what it reads.
 */
const MAX_DER_BYTES = 100 * 1024;

/**
 * Reads one certificate: the first of a PEM text (RFC 7468 §5), or DER.
 *
 * @param file - named in the error
 * @param remedy - ends the error's hint, which begins with "restore". @default "it from a copy"
 * @throws {CaToolsError} `invalid-certificate`; the message says what it is in place of one
 */
export function parseCertificate(
  input: string | Uint8Array,
  file?: string,
  remedy?: string,
): Certificate {
  const about = { ...(file !== undefined && { file }), ...(remedy !== undefined && { remedy }) };
  checkSize(input, about);
  const text = pemText(input);
  const first = text === undefined ? input : (certificateBlocks(text).next().value ?? undefined);
  if (first === undefined) throw notACertificate(input, about);
  const size = sizeOf(first);
  if (size > MAX_DER_BYTES) throw tooLarge(MAX_DER_BYTES, about);
  try {
    return remembered(first, () => read(first, size));
  } catch (cause) {
    throw notACertificate(input, { ...about, cause });
  }
}

/**
 * Reads every certificate of a PEM text, in order.
 *
 * @throws {CaToolsError} `invalid-certificate`, also when there is none, or when one is cut off
 */
export function parseCertificates(pem: string, file?: string): Certificate[] {
  const about = file === undefined ? {} : { file };
  checkSize(pem, about);
  const blocks = [...certificateBlocks(pem)];
  const begun = pem.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (blocks.length === 0 || blocks.length !== begun) throw notACertificate(pem, about);
  return blocks.map((block) => parseCertificate(block, file));
}

function checkSize(input: string | Uint8Array, about: { file?: string; remedy?: string }): void {
  if (input.length > MAX_CERTIFICATE_BYTES) throw tooLarge(MAX_CERTIFICATE_BYTES, about);
}

function tooLarge(bytes: number, about: { file?: string }): CaToolsError {
  const what = bytes === MAX_DER_BYTES ? "holds a certificate that is" : "is";
  return new CaToolsError(
    "invalid-certificate",
    `${about.file ?? "the input"} ${what} larger than ${bytes / 1024} KiB, the most that is read`,
    { ...about, hint: "give a file that holds certificates alone" },
  );
}

/** OpenSSL reads dates strictly, the ASN.1 library leniently: where they differ, it is no date. */
function checkedDates(x509: X509Certificate, times: { notBefore: Time; notAfter: Time }) {
  const [notBefore, notAfter] = [times.notBefore.getTime(), times.notAfter.getTime()];
  const strict = [x509.validFrom, x509.validTo].map((text) => Date.parse(text));
  if (strict[0] !== notBefore.getTime() || strict[1] !== notAfter.getTime()) {
    throw new Error("a date of the certificate is malformed");
  }
  return { notBefore, notAfter };
}

/** A command reads the certificates of its CAs again at every step. */
const REMEMBERED = 32;
const lately = new Map<string, Certificate>();

/** By the very text or bytes: what differs is read, and may be refused. */
function remembered(input: string | Uint8Array, readIt: () => Certificate): Certificate {
  const key = typeof input === "string" ? input.trim() : Buffer.from(input).toString("base64");
  const certificate = lately.get(key) ?? readIt();
  // What was issued is read next as the text that was written.
  for (const name of [key, certificate.pem.trim()]) {
    lately.delete(name);
    lately.set(name, certificate);
  }
  for (const oldest of lately.keys()) {
    if (lately.size <= REMEMBERED) break;
    lately.delete(oldest);
  }
  return certificate;
}

/** @param input - one PEM block, or DER, of that many bytes */
function read(input: string | Uint8Array, size: number): Certificate {
  const x509 = new X509Certificate(input);
  const der = new Uint8Array(x509.raw);
  // OpenSSL reads the first element and leaves what comes behind it.
  if (size !== der.length) throw new Error("bytes follow the certificate");
  const { tbsCertificate, signatureAlgorithm } = AsnConvert.parse(der, CertificateSyntax);
  const subjectName = new Name(tbsCertificate.subject);
  const issuerName = new Name(tbsCertificate.issuer);
  const commonNames = subjectName.getField("CN");
  return {
    der,
    pem: x509.toString(),
    x509,
    version: tbsCertificate.version + 1,
    serialNumber: evenHex(x509.serialNumber),
    sha1: x509.fingerprint.replaceAll(":", ""),
    sha256: x509.fingerprint256.replaceAll(":", ""),
    subject: subjectName.toString(),
    issuer: issuerName.toString(),
    subjectName,
    subjectKey: nameKey(subjectName),
    issuerKey: nameKey(issuerName),
    commonName: commonNames.length === 1 ? commonNames[0] : undefined,
    ...checkedDates(x509, tbsCertificate.validity),
    signatureAlgorithm: signatureAlgorithmName(signatureAlgorithm),
    keyAlgorithm: keyAlgorithmName(x509, tbsCertificate.subjectPublicKeyInfo.algorithm),
    ...readExtensions(tbsCertificate.extensions ?? []),
  };
}

function sizeOf(input: string | Uint8Array): number {
  if (typeof input !== "string") return input.length;
  return Buffer.from(input.replace(/-----[^-]*-----/g, ""), "base64").length;
}

/** One that is negative, which §4.1.2.2 forbids, has a sign in front. */
const evenHex = (hex: string) => hex.replace(/^-?(?=(?:\w\w)*\w$)/, "$&0");
