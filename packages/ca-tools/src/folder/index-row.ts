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

/** Reads a row, without its line end; undefined for one that `openssl ca` would not read either. */
export function parseRow(line: string): IndexEntry | undefined {
  const fields = line.split("\t");
  const [status, end = "", revoked = "", serial = "", , subject = ""] = fields;
  if (fields.length !== 6 || (status !== "V" && status !== "R" && status !== "E")) return undefined;
  const notAfter = parseAsn1Time(end);
  const serialNumber = serial.toUpperCase();
  const revocation = revoked === "" ? undefined : parseRevocation(revoked);
  const isWhole = revocation !== undefined ? status === "R" : status !== "R" && revoked === "";
  if (notAfter === undefined || !isWhole || !SERIAL.test(serialNumber)) return undefined;
  return { status, notAfter, revocation, serialNumber, subject };
}

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
