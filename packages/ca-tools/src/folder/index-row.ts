/** A row of `index.txt`: six fields between tabs. */
import { asn1Time, parseAsn1Time } from "../x509/asn1-time.ts";
import { type CrlReason, crlReason } from "../x509/reasons.ts";

export interface IndexEntry {
  /** Valid, revoked, or valid once and marked expired by `openssl ca -updatedb`. */
  status: "V" | "R" | "E";
  notAfter: Date;
  /** Only of revoked certificates. */
  revocation: IndexRevocation | undefined;
  /** Upper-case hex, an even number of digits. */
  serialNumber: string;
  /**
   * First 16 hex digits of the SHA-256 of the issuer's certificate. Only of certificates that were made
   * in bulk, of which newcerts/ has no copies.
   */
  issuer?: string;
  /** OpenSSL's one-line form, such as `/CN=dev-1`; for comparison with other rows. */
  subject: string;
}

export interface IndexRevocation {
  at: Date;
  reason?: CrlReason;
  /** When the key is known or thought to have been lost (RFC 5280 §5.3.2). */
  invalidSince?: Date;
}

/** Longer than any serial number that RFC 5280 §4.1.2.2 allows. */
const SERIAL = /^(?:[0-9A-F]{2}){1,32}$/;

/**
 * Reads a row, without its line end; undefined for one that `openssl ca` would not read either.
 *
 * @param parseTime - reads the end of the certificate. @default {@link parseAsn1Time}
 */
export function parseRow(
  line: string,
  parseTime: (text: string) => Date | undefined = parseAsn1Time,
): IndexEntry | undefined {
  const fields = line.split("\t");
  const [status, end = "", revoked = "", serial = "", file = "", subject = ""] = fields;
  if (fields.length !== 6 || (status !== "V" && status !== "R" && status !== "E")) return undefined;
  const notAfter = parseTime(end);
  const serialNumber = serial.toUpperCase();
  const revocation = revoked === "" ? undefined : parseRevocation(revoked);
  const isWhole = revocation !== undefined ? status === "R" : status !== "R" && revoked === "";
  if (notAfter === undefined || !isWhole || !SERIAL.test(serialNumber)) return undefined;
  const issuer = ISSUER.exec(file)?.[1];
  return { status, notAfter, revocation, serialNumber, ...(issuer && { issuer }), subject };
}

/** The field is for a file's name, and nobody reads it: openssl writes "unknown" into every row. */
const ISSUER = /^issuer:([0-9A-F]{16})$/;

/** That field, of a certificate that is nowhere in the folder. */
export const issuerField = ({ sha256 }: { sha256: string }): string =>
  `issuer:${sha256.slice(0, 16)}`;

/** The field of a revoked row. */
export function revocationField(at: Date, reason?: CrlReason): string {
  return reason === undefined ? asn1Time(at) : `${asn1Time(at)},${reason}`;
}

/** `openssl ca` writes when the key was lost as reasons of their own. */
const TIMED: Readonly<Record<string, CrlReason>> = {
  keytime: "keyCompromise",
  cakeytime: "CACompromise",
};

/** `date[,reason[,extra]]`. */
function parseRevocation(field: string): IndexRevocation | undefined {
  const [date = "", name, extra = ""] = field.split(",");
  const at = parseAsn1Time(date);
  if (at === undefined) return undefined;
  if (name === undefined) return { at };
  const timed = TIMED[name.toLowerCase()];
  if (timed !== undefined) {
    const invalidSince = parseAsn1Time(extra);
    return invalidSince && { at, reason: timed, invalidSince };
  }
  const isHold = name.toLowerCase() === "holdinstruction";
  const reason = isHold ? "certificateHold" : crlReason(name);
  return reason && { at, reason };
}
