import { createECDH } from "node:crypto";

/** An uncompressed point of P-256 (SEC 1 §2.3.3). */
export const POINT_BYTES = 65;
const SCALAR_BYTES = 32;

/**
 * A PrivateKeyInfo (RFC 5208 §5) of id-ecPublicKey on prime256v1 with an ECPrivateKey (RFC 5915 §3)
 * inside, up to the scalar, and from there to the point: as OpenSSL writes them.
 */
const BEFORE_SCALAR = Buffer.from(
  "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420",
  "hex",
);
const BEFORE_POINT = Buffer.from("a144034200", "hex");
const POINT_AT = BEFORE_SCALAR.length + SCALAR_BYTES + BEFORE_POINT.length;

/** Of every PKCS#8 key that is written here. */
export const PRIVATE_KEY_BYTES: number = POINT_AT + POINT_BYTES;

/**
 * Makes P-256 keys, one a call. Nothing goes through OpenSSL's encoders, whose locks let threads wait
 * for one another.
 *
 * @returns writes the key as PKCS#8 DER, a secret, at `at`, and answers the point of its public key
 */
export function p256Keys(): (out: Uint8Array, at: number) => Buffer {
  const ecdh = createECDH("prime256v1");
  return (out, at) => {
    const point = ecdh.generateKeys();
    const scalar = ecdh.getPrivateKey();
    writePrivateKey(out, at, { scalar, point });
    scalar.fill(0);
    return point;
  };
}

/** @param key - the scalar may come without its leading zero bytes, as Node gives one in 256 */
export function writePrivateKey(
  out: Uint8Array,
  at: number,
  { scalar, point }: { scalar: Uint8Array; point: Uint8Array },
): void {
  out.set(BEFORE_SCALAR, at);
  const scalarAt = at + BEFORE_SCALAR.length;
  const scalarEnd = scalarAt + SCALAR_BYTES;
  out.fill(0, scalarAt, scalarEnd);
  out.set(scalar, scalarEnd - scalar.length);
  out.set(BEFORE_POINT, scalarEnd);
  out.set(point, at + POINT_AT);
}
