import { truncate } from "node:fs/promises";
import type { Certificate } from "../x509/certificate.ts";
import { appendFlushed, readText } from "./files.ts";

/** Rows of `index.txt`, the database of `openssl ca`: six fields between tabs. */

/** A million rows of a hundred bytes. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

/** The row of a valid certificate, as `openssl ca` writes it. */
export function indexRow(certificate: Certificate): string {
  const subject =
    certificate.commonName === undefined ? "/" : `/CN=${oneLine(certificate.commonName)}`;
  return [
    "V",
    indexTime(certificate.notAfter),
    "",
    certificate.serialNumber,
    "unknown",
    subject,
  ].join("\t");
}

/** ASN.1 UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
export function indexTime(date: Date): string {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050 ? digits.slice(2) : digits;
}

/** OpenSSL 3's one-line form: `\xHH` for what is not printable ASCII, `\/` and `\+`. */
function oneLine(text: string): string {
  const shown = (byte: number): string => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) {
      return `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }
    return /[/+]/.test(character) ? `\\${character}` : character;
  };
  return Array.from(Buffer.from(text), shown).join("");
}

/** Appends rows that are not there yet, and mends a last row that an interrupted append cut short. */
export async function appendMissingRows(path: string, rows: readonly string[]): Promise<void> {
  const text = (await readText(path, MAX_INDEX_BYTES)) ?? "";
  const cut = text.slice(text.lastIndexOf("\n") + 1);
  const present = new Set(text.slice(0, text.length - cut.length).split("\n"));
  const missing = rows.filter((row) => !present.has(row));
  const isFragment = cut !== "" && missing.some((row) => row.startsWith(cut));
  if (isFragment) await truncate(path, Buffer.byteLength(text) - Buffer.byteLength(cut));
  const separator = cut !== "" && !isFragment ? "\n" : "";
  if (missing.length > 0) await appendFlushed(path, `${separator}${missing.join("\n")}\n`);
}
