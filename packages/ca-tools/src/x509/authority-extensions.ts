/**
 * The two extensions that decide who may issue. They are read here: the ASN.1 library takes a BOOLEAN
 * of two bytes for true, and a BIT STRING of more than 53 bits for another one.
 */
import { type Element, elements, within } from "./der.ts";

export interface ReadBasicConstraints {
  ca: boolean;
  /** Negative only where the certificate says so, which no path is short enough for. */
  pathLength: number | undefined;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;

/**
 * RFC 5280 §4.2.1.9. Any byte but zero is true, as for OpenSSL.
 *
 * @throws {Error} when it is not DER of one
 */
export function readBasicConstraints(value: Uint8Array): ReadBasicConstraints {
  const parts = within(value, SEQUENCE);
  const [flag] = parts[0]?.tag === BOOLEAN ? parts.splice(0, 1) : [];
  const [limit, ...others] = parts;
  const isFlag = flag === undefined || flag.content.length === 1;
  if (!isFlag || others.length > 0) throw new Error("not basic constraints");
  return {
    ca: flag !== undefined && flag.content[0] !== 0,
    pathLength: limit && smallInteger(limit),
  };
}

function smallInteger({ tag, content }: Element): number {
  if (tag !== INTEGER || content.length === 0 || content.length > 4) {
    throw new Error("not a path length");
  }
  return Buffer.from(content).readIntBE(0, content.length);
}

/** RFC 5280 §4.2.1.3, in the order of the bits. */
const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** @throws {Error} when it is not DER of a KeyUsage */
export function readKeyUsages(value: Uint8Array): string[] {
  const [only, ...others] = elements(value);
  const [unused = 8, ...bytes] = only?.content ?? [];
  if (only?.tag !== BIT_STRING || unused > 7 || others.length > 0) throw new Error("no key usage");
  return KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}
