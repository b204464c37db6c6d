/** `index.txt`, the database of `openssl ca`, and the settings beside it. */
import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { asn1Time, parseAsn1Time } from "../x509/asn1-time.ts";
import type { Certificate } from "../x509/certificate.ts";
import { appendFlushed, isMissing, readText } from "./files.ts";
import { type IndexEntry, parseRow } from "./index-row.ts";
import { INDEX_FILE } from "./layout.ts";
import { linesOf } from "./lines.ts";

const LINE_FEED = 0x0a;
const MAX_SETTINGS_BYTES = 64 * 1024;

/** The row of a valid certificate, as `openssl ca` writes it. */
export function indexRow({ serialNumber, notAfter, commonName }: Certificate): string {
  return indexFields(asn1Time(notAfter), serialNumber, commonName);
}

/**
 * As {@link indexRow}, of what it says.
 *
 * @param file - see `issuerField`. @default "unknown"
 */
export function indexFields(
  notAfter: string,
  serialNumber: string,
  commonName: string | undefined,
  file = "unknown",
): string {
  const subject = indexSubject({ commonName });
  return `V\t${notAfter}\t\t${serialNumber}\t${file}\t${subject}`;
}

/** The subject as the row of {@link indexRow} has it. */
export function indexSubject({ commonName }: { commonName: string | undefined }): string {
  return commonName === undefined ? "/" : `/CN=${oneLine(commonName)}`;
}

const PLAIN = /^[ -*,-.0-~]*$/;

/** OpenSSL 3's one-line form: `\xHH` for what is not printable ASCII, `\/` and `\+`. */
function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  const shown = (byte: number): string => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) {
      return `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }
    return /[/+]/.test(character) ? `\\${character}` : character;
  };
  return Array.from(Buffer.from(text), shown).join("");
}

/**
 * Reads the rows of an index.txt one after the other, however many there are. None where there is no
 * file; lines that begin with `#` are comments, as for OpenSSL.
 *
 * @param from - byte to begin at, where a row does. @default 0
 * @throws {CaToolsError} `damaged-folder` naming the line of a row that is none
 */
export async function* readIndex(
  path: string,
  from = 0,
): AsyncGenerator<IndexEntry, void, undefined> {
  let number = 0;
  const parseTime = rememberingLast(parseAsn1Time);
  for await (const lines of linesOf(path, from)) {
    for (const line of lines) {
      number += 1;
      const text = line.toString("utf8").replace(/\r?\n$/, "");
      if (text.startsWith("#")) continue;
      const entry = parseRow(text, parseTime);
      if (entry === undefined) throw damagedRow(path, number + (await linesBefore(path, from)));
      yield entry;
    }
  }
}

/** Certificates of one run end at one time, and reading that is half the work. */
function rememberingLast<T>(read: (text: string) => T): (text: string) => T {
  let last: { text: string; value: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: read(text) };
    return last.value;
  };
}

async function linesBefore(path: string, end: number): Promise<number> {
  let [at, number] = [0, 0];
  for await (const lines of linesOf(path)) {
    for (const line of lines) {
      if (at >= end) return number;
      at += line.length;
      number += 1;
    }
  }
  return number;
}

function damagedRow(path: string, number: number): CaToolsError {
  return new CaToolsError(
    "damaged-folder",
    `${path} is damaged: line ${number} is not a row of openssl's database`,
    { file: path, hint: `restore it from a copy, or mend or remove line ${number}` },
  );
}

/** Appends rows that are not there yet, and mends a last row that an interrupted append cut short. */
export async function appendMissingRows(path: string, rows: readonly string[]): Promise<void> {
  const missing = new Map(rows.map((row) => [identity(row), row]));
  let [size, cut] = [0, ""];
  for await (const lines of linesOf(path)) {
    for (const line of lines) {
      const text = line.toString("utf8");
      if (text.endsWith("\n")) {
        size += line.length;
        missing.delete(identity(text.replace(/\r?\n$/, "")));
      } else {
        cut = text;
      }
    }
  }
  const left = [...missing.values()];
  const isFragment = cut !== "" && left.some((row) => row.startsWith(cut));
  if (isFragment) await truncate(path, size);
  const separator = cut !== "" && !isFragment ? "\n" : "";
  if (left.length > 0) await appendFlushed(path, `${separator}${left.join("\n")}\n`);
}

/** Whether a last row lacks its line feed: openssl reads such a file, and others end so by hand. */
export async function lacksLineFeed(path: string): Promise<boolean> {
  const handle = await open(path, "r").catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return bytesRead === 1 && buffer[0] !== LINE_FEED;
  } finally {
    await handle.close();
  }
}

/** What stays of a row when its certificate is revoked: a change that is carried out again finds it. */
function identity(row: string): string {
  const fields = row.split("\t");
  return fields.length === 6 ? JSON.stringify([fields[1], ...fields.slice(3)]) : row;
}

/**
 * Whether two valid certificates of one subject are refused here, by `openssl ca` at least. Like it,
 * takes no answer for a yes.
 */
export async function uniqueSubject(folder: string): Promise<boolean> {
  const text = (await readText(join(folder, `${INDEX_FILE}.attr`), MAX_SETTINGS_BYTES)) ?? "";
  const [globals = ""] = text.split(/^[ \t]*\[/m, 1);
  const values = [...globals.matchAll(/^[ \t]*unique_subject[ \t]*=[ \t]*["']?([^\s"'#]*)/gm)];
  return !/^[fn0]/i.test(values.at(-1)?.[1] ?? "yes");
}
