import { X509Certificate } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  ParsedCertificate,
  SubjectKeyIdentifierExtension,
} from "./library.ts";
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
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean }[];
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Upper bound for one file of certificates, in bytes: a chain is a few KiB. */
export const MAX_CERTIFICATE_BYTES: number = 1024 * 1024;

/**
 * Reads one certificate: the first of a PEM text, or DER.
 *
 * @param file - named in the error
 * @param remedy - ends the error's hint, which begins with "restore". @default "it from a copy"
 * @throws {CaToolsError} `invalid-certificate`
 */
export function parseCertificate(
  input: string | Uint8Array,
  file?: string,
  remedy?: string,
): Certificate {
  const first = typeof input === "string" ? (input.match(PEM_BLOCK)?.[0] ?? "") : input;
  if (input.length > MAX_CERTIFICATE_BYTES || first.length === 0)
    throw invalid(file, undefined, remedy);
  try {
    return read(new X509Certificate(first));
  } catch (cause) {
    throw invalid(file, cause, remedy);
  }
}

/**
 * Reads every certificate of a PEM text, in order.
 *
 * @throws {CaToolsError} `invalid-certificate`, also when there is none
 */
export function parseCertificates(pem: string, file?: string): Certificate[] {
  const blocks = pem.length > MAX_CERTIFICATE_BYTES ? null : pem.match(PEM_BLOCK);
  if (blocks === null) throw invalid(file);
  return blocks.map((block) => parseCertificate(block, file));
}

function invalid(
  file: string | undefined,
  cause?: unknown,
  remedy = "it from a copy",
): CaToolsError {
  return new CaToolsError(
    "invalid-certificate",
    `${file ?? "the input"} is not a certificate in PEM or DER form`,
    {
      cause,
      ...(file === undefined ? {} : { file }),
      hint: `restore ${remedy}`,
    },
  );
}

/** OpenSSL reads dates strictly, the ASN.1 library leniently: where they differ, it is no date. */
function checkDates(x509: X509Certificate, { notBefore, notAfter }: ParsedCertificate): void {
  const strict = [x509.validFrom, x509.validTo].map((text) => Date.parse(text));
  if (strict[0] === notBefore.getTime() && strict[1] === notAfter.getTime()) return;
  throw new Error("a date of the certificate is malformed");
}

function read(x509: X509Certificate): Certificate {
  const der = new Uint8Array(x509.raw);
  const parsed = new ParsedCertificate(der);
  checkDates(x509, parsed);
  const commonNames = parsed.subjectName.getField("CN");
  return {
    der,
    pem: x509.toString(),
    x509,
    version: versionOf(der),
    serialNumber: evenHex(x509.serialNumber),
    sha1: x509.fingerprint.replaceAll(":", ""),
    sha256: x509.fingerprint256.replaceAll(":", ""),
    subject: parsed.subject,
    issuer: parsed.issuer,
    subjectName: parsed.subjectName,
    subjectKey: nameKey(parsed.subjectName),
    issuerKey: nameKey(parsed.issuerName),
    commonName: commonNames.length === 1 ? commonNames[0] : undefined,
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    ...readExtensions(parsed),
  };
}

function readExtensions(
  parsed: ParsedCertificate,
): Pick<
  Certificate,
  | "authorityKeyIdentifier"
  | "basicConstraints"
  | "extendedKeyUsage"
  | "extensions"
  | "keyUsage"
  | "subjectKeyIdentifier"
> {
  const constraints = parsed.getExtension(BasicConstraintsExtension) ?? undefined;
  const usages = parsed.getExtension(KeyUsagesExtension)?.usages;
  return {
    basicConstraints: constraints && { ca: constraints.ca, pathLength: constraints.pathLength },
    keyUsage:
      usages === undefined
        ? undefined
        : {
            keyCertSign: (usages & KeyUsageFlags.keyCertSign) !== 0,
            digitalSignature: (usages & KeyUsageFlags.digitalSignature) !== 0,
          },
    extendedKeyUsage: plain(parsed.getExtension(ExtendedKeyUsageExtension)?.usages)?.map(String),
    subjectKeyIdentifier: parsed.getExtension(SubjectKeyIdentifierExtension)?.keyId.toUpperCase(),
    authorityKeyIdentifier: parsed
      .getExtension(AuthorityKeyIdentifierExtension)
      ?.keyId?.toUpperCase(),
    extensions: Array.from(parsed.extensions, ({ type, critical }) => ({ oid: type, critical })),
  };
}

/** The library's lists are subclasses of Array, which print and compare unlike arrays. */
const plain = <T>(list: readonly T[] | undefined) => list && Array.from(list);

const evenHex = (hex: string) => (hex.length % 2 === 0 ? hex : `0${hex}`);

/** Certificate → TBSCertificate → [0] version (RFC 5280 §4.1); the tag is absent in version 1. */
function versionOf(der: Uint8Array): number {
  const contentAt = (at: number) =>
    at + 2 + ((der[at + 1] ?? 0) & 0x80 ? (der[at + 1] ?? 0) & 0x7f : 0);
  const version = contentAt(contentAt(0));
  return der[version] === 0xa0 ? (der[version + 4] ?? 0) + 1 : 1;
}
