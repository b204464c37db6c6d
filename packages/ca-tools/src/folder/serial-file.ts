/** openssl's counters: one number in hex, an even count of digits, upper case. */
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists, readText } from "./files.ts";
import type { NewFile } from "./transaction.ts";

export const SERIAL_FILE: string = "serial";
/** The number of the next CRL. */
export const CRL_NUMBER_FILE: string = "crlnumber";

const MAX_COUNTER_BYTES = 4096;
/** 20 bytes (RFC 5280 §4.1.2.2, §5.2.3). */
const MAX_DIGITS = 40;

/** A number as openssl's counters, and the names in `newcerts/`, have it. */
export function evenHex(value: bigint): string {
  const digits = value.toString(16).toUpperCase();
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

/**
 * Reads a counter of the folder; undefined when there is no such file.
 *
 * @throws {CaToolsError} `damaged-folder` for what `openssl ca` would not read either
 */
export async function readCounter(folder: string, name: string): Promise<bigint | undefined> {
  const path = join(folder, name);
  const text = await readText(path, MAX_COUNTER_BYTES);
  if (text === undefined) return undefined;
  const digits = text.replace(/\r?\n[\s]*$/, "");
  if (/^[0-9A-Fa-f]+$/.test(digits)) {
    if (digits.length % 2 !== 0) throw oddCounter(path, digits);
    if (digits.length <= MAX_DIGITS) return BigInt(`0x${digits}`);
  }
  throw damagedCounter(path, "is not a number in hex of at most 20 bytes");
}

function oddCounter(path: string, digits: string): CaToolsError {
  const mended = digits.length < MAX_DIGITS ? `: 0${digits}` : "";
  return damagedCounter(
    path,
    `has an odd number of hex digits (${digits.slice(0, MAX_DIGITS)})`,
    `openssl wants an even one; put a 0 in front${mended}`,
  );
}

function damagedCounter(
  path: string,
  problem: string,
  hint = "write into it a number that it has not had yet, an even number of hex digits such as 0A",
): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is damaged: it ${problem}`, {
    file: path,
    hint,
  });
}

export function counterFile(name: string, next: bigint): NewFile {
  return { path: name, data: `${evenHex(next)}\n`, replace: true };
}

/**
 * The next serial number that `serial` has to give, as `openssl ca` counts; numbers that newcerts/ has
 * a certificate of are passed over. The caller holds the folder's lock, and puts `file` into its change.
 *
 * @throws {CaToolsError} `damaged-folder`
 */
export async function nextSerial(folder: string): Promise<{ serialNumber: string; file: NewFile }> {
  const path = join(folder, SERIAL_FILE);
  const found = await readCounter(folder, SERIAL_FILE);
  if (found === undefined) throw damagedCounter(path, "is missing");
  // Serial numbers are positive.
  let next = found > 0n ? found : 1n;
  while (await exists(join(folder, "newcerts", `${evenHex(next)}.pem`))) next += 1n;
  if (evenHex(next + 1n).length > MAX_DIGITS) throw damagedCounter(path, "has come to its end");
  return { serialNumber: evenHex(next), file: counterFile(SERIAL_FILE, next + 1n) };
}
