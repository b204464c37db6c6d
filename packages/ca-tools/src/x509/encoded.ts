import { type KeyObject, verify } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { signatureAlgorithmName } from "./algorithm-names.ts";
import { elements } from "./der.ts";

/** The outer form of requests and CRLs. */
export interface Signed {
  /** The bytes that the signature is over. */
  signed: Uint8Array;
  /** As OpenSSL calls it, e.g. `ecdsa-with-SHA256`. */
  signatureAlgorithm: string;
  /** The same with its parameters, as DER. */
  algorithm: Uint8Array;
  signature: Uint8Array;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/**
 * DER of an input: of the first PEM block with one of the labels (RFC 7468), whatever stands around it,
 * or the input itself.
 *
 * @param input - text, or bytes of PEM or DER
 * @returns undefined for what is neither, or too large
 */
export function derOf(
  input: string | Uint8Array,
  labels: readonly string[],
  maxBytes: number,
): Uint8Array | undefined {
  if (input.length > maxBytes || input.length === 0) return undefined;
  if (typeof input !== "string" && input[0] === SEQUENCE && !isText(input)) return input;
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  const label = `(${labels.join("|")})`;
  const block = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END \\1-----`).exec(text)?.[2];
  const base64 = block?.replace(/\s+/g, "");
  // Buffer would pass over anything else.
  return base64 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
    ? Buffer.from(base64, "base64")
    : undefined;
}

/** A SEQUENCE's first byte is also the character 0. */
const isText = (bytes: Uint8Array) => Buffer.from(bytes).includes("-----BEGIN ");

export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Takes apart a SEQUENCE of the signed part, an algorithm and a BIT STRING, and nothing behind it.
 *
 * @throws {Error} when it is something else
 */
export function signedParts(der: Uint8Array): Signed {
  const [outer, ...others] = elements(der);
  const parts = outer ? elements(outer.content) : [];
  const [signed, algorithm, signature] = parts;
  const isWhole =
    outer !== undefined &&
    others.length === 0 &&
    parts.length === 3 &&
    [outer, signed, algorithm].every((part) => part?.tag === SEQUENCE) &&
    signature?.tag === BIT_STRING &&
    // Whole bytes: no unused bits.
    signature.content[0] === 0;
  if (!isWhole) throw new Error("not a signed structure");
  const identifier = outer.content.slice(signed?.end, algorithm?.end);
  return {
    signed: outer.content.subarray(0, signed?.end),
    signatureAlgorithm: signatureAlgorithmName(AsnConvert.parse(identifier, AlgorithmIdentifier)),
    algorithm: identifier,
    signature: signature.content.subarray(1),
  };
}

/** Those that prove that a private key is at hand today: SHA-1 and MD5 do not. */
const HASHES: Readonly<Record<string, readonly [keyType: string, hash: string]>> = {
  "ecdsa-with-SHA256": ["ec", "sha256"],
  "ecdsa-with-SHA384": ["ec", "sha384"],
  "ecdsa-with-SHA512": ["ec", "sha512"],
  sha256WithRSAEncryption: ["rsa", "sha256"],
  sha384WithRSAEncryption: ["rsa", "sha384"],
  sha512WithRSAEncryption: ["rsa", "sha512"],
};

/** Whether the key signed it; undefined for a signature that is not of a kind that counts here. */
export function isSignedBy(
  { signed, signatureAlgorithm, signature }: Signed,
  key: KeyObject,
): boolean | undefined {
  const [keyType, hash] = HASHES[signatureAlgorithm] ?? [];
  if (hash === undefined || keyType !== key.asymmetricKeyType) return undefined;
  return verify(hash, signed, key, signature);
}
