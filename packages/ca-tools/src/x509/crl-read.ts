import { AsnConvert } from "@peculiar/asn1-schema";
import {
  AuthorityKeyIdentifier,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  TBSCertList,
} from "@peculiar/asn1-x509";
import { CaToolsError } from "../errors.ts";
import { readTimeElement } from "./asn1-time.ts";
import type { Certificate } from "./certificate.ts";
import { extensionValue } from "./certificate-extensions.ts";
import { type Element, elements, within } from "./der.ts";
import { element } from "./der-write.ts";
import { derOf, isSignedBy, pemOf, type Signed, signedParts } from "./encoded.ts";
import { Name } from "./library.ts";
import { nameKey } from "./names.ts";
import { type CrlReason, crlReasonOf } from "./reasons.ts";

/** A certificate on a CRL. */
export interface CrlEntry {
  /** Upper-case hex, an even number of digits. */
  serialNumber: string;
  at: Date;
  /** Absent is `unspecified`, which a CRL leaves out (RFC 5280 §5.3.1). */
  reason?: CrlReason;
  /** Since when the key is known or thought to be lost (RFC 5280 §5.3.2). */
  invalidSince?: Date;
}

/** A CRL, read once. Its signature is checked by {@link isCrlOf} alone. */
export interface Crl {
  readonly der: Uint8Array;
  readonly pem: string;
  /** For people, e.g. `CN=thermostats Root CA`. */
  readonly issuer: string;
  readonly issuerName: Name;
  /** For comparison with a certificate's `subjectKey`. */
  readonly issuerKey: string;
  /** Undefined in version 1. */
  readonly number: bigint | undefined;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly entries: readonly CrlEntry[];
  /** Upper-case hex. */
  readonly authorityKeyIdentifier: string | undefined;
  /** As OpenSSL calls it, e.g. `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string;
}

/** Upper bound of a CRL, in bytes: some hundred thousand entries. */
export const MAX_CRL_BYTES: number = 16 * 1024 * 1024;
/** Of what is not entries: the ASN.1 library's time grows with the square of what it reads. */
const MAX_HEADER_BYTES = 100 * 1024;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const NONE: Uint8Array = new Uint8Array();
/** Content of the object identifiers 2.5.29.21 and 2.5.29.24. */
const REASON = "551D15";
const INVALIDITY = "551D18";

/** RFC 7468 §6; some libraries write the second. */
const LABELS = ["X509 CRL", "CRL"];

/**
 * Reads a CRL; whose it is, {@link isCrlOf} tells.
 *
 * @param input - PEM, of which the first CRL counts, or DER; at most {@link MAX_CRL_BYTES}
 * @param file - named in the error
 * @throws {CaToolsError} `invalid-crl`
 */
export function parseCrl(input: string | Uint8Array, file?: string): Crl {
  const der = derOf(input, LABELS, MAX_CRL_BYTES);
  if (der === undefined) throw noCrl(file);
  try {
    return read(Uint8Array.from(der));
  } catch (cause) {
    throw noCrl(file, cause);
  }
}

/**
 * Whether this is a CRL of the CA: its name, and its signature (RFC 5280 §6.3.3 (f), (g)). Whether it
 * is still in force, its dates say.
 */
export function isCrlOf(crl: Crl, { subjectKey, keyUsages, x509 }: Certificate): boolean {
  if (crl.issuerKey !== subjectKey || keyUsages?.includes("cRLSign") === false) return false;
  try {
    const parts = signedParts(crl.der);
    return isSameAlgorithm(parts) && (isSignedBy(parts, x509.publicKey) ?? false);
  } catch {
    // A key that OpenSSL does not know signed nothing that we take.
    return false;
  }
}

/** §5.1.1.2: the algorithm beside the signature is not signed, the one within is. */
function isSameAlgorithm({ signed, algorithm }: Signed): boolean {
  const content = elements(signed)[0]?.content ?? NONE;
  const [version, second] = elements(content);
  const [start, end] = version?.tag === INTEGER ? [version.end, second?.end] : [0, version?.end];
  return Buffer.from(content.subarray(start, end)).equals(algorithm);
}

function read(der: Uint8Array): Crl {
  const { signed, signatureAlgorithm } = signedParts(der);
  const { rest, entries } = withoutEntries(signed);
  if (rest.length > MAX_HEADER_BYTES) throw new Error("more than a CRL has beside its entries");
  const list = AsnConvert.parse(rest, TBSCertList);
  const issuerName = new Name(list.issuer);
  const extensions = list.crlExtensions ?? [];
  const authority = extensionValue(extensions, id_ce_authorityKeyIdentifier);
  const number = extensionValue(extensions, id_ce_cRLNumber);
  return {
    der,
    pem: pemOf("X509 CRL", der),
    issuer: issuerName.toString(),
    issuerName,
    issuerKey: nameKey(issuerName),
    number: number && integer(number),
    thisUpdate: checked(list.thisUpdate.getTime()),
    nextUpdate: list.nextUpdate && checked(list.nextUpdate.getTime()),
    entries: entries.map(({ content }) => readEntry(content)),
    authorityKeyIdentifier:
      authority && keyIdentifierOf(AsnConvert.parse(authority, AuthorityKeyIdentifier)),
    signatureAlgorithm,
  };
}

/** The entries are read here: the library takes no more than some thousand elements. */
function withoutEntries(signed: Uint8Array): { rest: Uint8Array; entries: Element[] } {
  const parts = within(signed, SEQUENCE);
  const content = elements(signed)[0]?.content ?? signed;
  const isTime = (tag: number | undefined) => tag === 0x17 || tag === 0x18;
  const at = parts.findIndex(({ tag }, n) => tag === SEQUENCE && isTime(parts[n - 1]?.tag));
  const [before, list] = [parts[at - 1], parts[at]];
  if (before === undefined || list === undefined) return { rest: signed, entries: [] };
  const entries = elements(list.content);
  if (entries.some(({ tag }) => tag !== SEQUENCE)) throw new Error("not entries");
  const rest = [content.subarray(0, before.end), content.subarray(list.end)];
  return { rest: element(SEQUENCE, ...rest), entries };
}

function readEntry(entry: Uint8Array): CrlEntry {
  const [serial, at, extensions, ...others] = elements(entry);
  const isWhole = serial?.tag === INTEGER && at !== undefined && others.length === 0;
  if (!isWhole || serial.content.length === 0) throw new Error("not an entry");
  const read: CrlEntry = {
    // The zero byte that keeps a number positive is none of the number's.
    serialNumber: hexOf(serial.content).replace(/^00(?=.)/, ""),
    at: readTimeElement(at),
  };
  if (extensions === undefined) return read;
  if (extensions.tag !== SEQUENCE) throw new Error("not extensions");
  for (const { content } of elements(extensions.content)) readExtension(content, read);
  return read;
}

function readExtension(extension: Uint8Array, entry: CrlEntry): void {
  const parts = elements(extension);
  const oid = hexOf(parts[0]?.content);
  const [value] =
    oid === REASON || oid === INVALIDITY ? elements(parts.at(-1)?.content ?? NONE) : [];
  if (value === undefined) return;
  if (oid === INVALIDITY) {
    entry.invalidSince = readTimeElement(value);
  } else {
    const reason = crlReasonOf(value.content[0] ?? -1);
    if (reason !== undefined) entry.reason = reason;
  }
}

/** The ASN.1 library makes an invalid Date of what is none. */
function checked(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new Error("a date of the CRL is malformed");
  return date;
}

/** @throws {Error} for what is not one INTEGER that is not negative */
function integer(value: Uint8Array): bigint {
  const [only, ...others] = elements(value);
  const isNumber = only?.tag === INTEGER && only.content.length > 0 && others.length === 0;
  if (!isNumber || (only.content[0] ?? 0) > 0x7f) throw new Error("not a number");
  return BigInt(`0x${hexOf(only.content)}`);
}

const keyIdentifierOf = ({ keyIdentifier }: AuthorityKeyIdentifier): string | undefined =>
  keyIdentifier && hexOf(new Uint8Array(keyIdentifier.buffer));

const hexOf = (bytes: Uint8Array = NONE): string =>
  Buffer.from(bytes).toString("hex").toUpperCase();

function noCrl(file: string | undefined, cause?: unknown): CaToolsError {
  const problem = "is not a certificate revocation list in PEM or DER form";
  return new CaToolsError("invalid-crl", `${file ?? "the input"} ${problem}`, {
    ...(file === undefined ? {} : { file }),
    hint: "restore it from a copy, or make it again with: dps-certs ca crl",
    cause,
  });
}
