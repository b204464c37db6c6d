import { hash } from "node:crypto";
import type { Template } from "./template.ts";

/** What differs from one certificate to the next. */
export interface Fields {
  /** Hex of an even number of digits, without leading zero bytes; positive. */
  serialNumber: string;
  /** DER of a Validity. */
  validity: Uint8Array;
  /** At most 64 characters. */
  commonName: string;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
const SET = 0x31;

/** The object identifier of commonName (X.520), as an element. */
const COMMON_NAME = Uint8Array.of(0x06, 0x03, 0x55, 0x04, 0x03);

/** More than the variable parts and all headers take: 256 bytes of UTF-8 and 21 of a serial number. */
const VARIABLE_BYTES = 384;

/** Memory for a TBSCertificate of the template. */
export const signedBytes = ({ version, issuer, tail }: Template): number =>
  version.length + issuer.length + tail.length + VARIABLE_BYTES;

/**
 * Writes a TBSCertificate (RFC 5280 §4.1.2) to the beginning of `out`.
 *
 * @param point - of the subject's public key
 * @returns its length
 */
export function writeSigned(
  out: Buffer,
  { version, issuer, tail, pointAt, keyIdentifierAt }: Template,
  { serialNumber, validity, commonName }: Fields,
  point: Uint8Array,
): number {
  const serialBytes = serialNumber.length / 2 + (isNegative(serialNumber) ? 1 : 0);
  const nameBytes = Buffer.byteLength(commonName);
  const attribute = COMMON_NAME.length + sizeOf(nameBytes);
  const subject = sizeOf(sizeOf(attribute));
  const variable = sizeOf(serialBytes) + validity.length + sizeOf(subject);
  let at = writeHeader(out, 0, SEQUENCE, version.length + issuer.length + tail.length + variable);
  at = write(out, at, version);
  at = writeHeader(out, at, INTEGER, serialBytes);
  if (isNegative(serialNumber)) out[at++] = 0;
  at += out.write(serialNumber, at, "hex");
  at = write(out, at, issuer);
  at = write(out, at, validity);
  at = writeHeader(out, at, SEQUENCE, subject);
  at = writeHeader(out, at, SET, sizeOf(attribute));
  at = writeHeader(out, at, SEQUENCE, attribute);
  at = write(out, at, COMMON_NAME);
  at = writeHeader(out, at, UTF8_STRING, nameBytes);
  at += out.write(commonName, at);
  out.set(tail, at);
  out.set(point, at + pointAt);
  out.write(hash("sha1", point), at + keyIdentifierAt, "hex");
  return at + tail.length;
}

/** An INTEGER whose first bit is set would be one (X.690 §8.3.3). */
const isNegative = (hex: string) => hex.charCodeAt(0) > 0x37;

/**
 * Writes a Certificate (RFC 5280 §4.1.1).
 *
 * @returns where it ends
 */
export function writeCertificate(
  out: Buffer,
  at: number,
  parts: { signed: Uint8Array; signatureAlgorithm: Uint8Array; signature: Uint8Array },
): number {
  const { signed, signatureAlgorithm, signature } = parts;
  const bits = signature.length + 1;
  const length = signed.length + signatureAlgorithm.length + sizeOf(bits);
  let end = writeHeader(out, at, SEQUENCE, length);
  end = write(out, end, signed);
  end = write(out, end, signatureAlgorithm);
  end = writeHeader(out, end, BIT_STRING, bits);
  out[end++] = 0;
  return write(out, end, signature);
}

function write(out: Buffer, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Of an element with so much content (X.690 §8.1.3). */
const sizeOf = (length: number) => 2 + lengthDigits(length) + length;

const lengthDigits = (length: number) =>
  length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;

function writeHeader(out: Buffer, at: number, tag: number, length: number): number {
  const digits = lengthDigits(length);
  out[at] = tag;
  if (digits === 0) {
    out[at + 1] = length;
    return at + 2;
  }
  out[at + 1] = 0x80 | digits;
  return out.writeUIntBE(length, at + 2, digits);
}
