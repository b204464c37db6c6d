import { createCipheriv, createDecipheriv } from "node:crypto";

export interface CipherKey {
  /** OpenSSL's name, or RC2 with its effective key bits. */
  cipher: string | { rc2Bits: number };
  key: Buffer;
  iv: Uint8Array;
}

export function encrypt(
  { cipher, key, iv }: CipherKey & { cipher: string },
  plain: Uint8Array,
): Buffer {
  const cipherer = createCipheriv(cipher, key, iv);
  return Buffer.concat([cipherer.update(plain), cipherer.final()]);
}

/** @returns undefined when the padding is wrong: another key, or damage */
export async function decrypt(
  { cipher, key, iv }: CipherKey,
  encrypted: Uint8Array,
): Promise<Buffer | undefined> {
  if (typeof cipher !== "string") return await decryptRc2(cipher.rc2Bits, key, iv, encrypted);
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    const [head, tail] = [decipher.update(encrypted), decipher.final()];
    const plain = Buffer.concat([head, tail]);
    for (const part of [head, tail]) part.fill(0);
    return plain;
  } catch {
    // "bad decrypt" or "wrong final block length": it says no more than undefined does.
    return undefined;
  }
}

/** RC2 is in no OpenSSL that Node brings along, and only old PFX files need it. */
async function decryptRc2(
  bits: number,
  key: Buffer,
  iv: Uint8Array,
  encrypted: Uint8Array,
): Promise<Buffer | undefined> {
  const { default: forge } = await import("node-forge");
  const decipher = forge.rc2.createDecryptionCipher(key.toString("latin1"), bits);
  decipher.start(Buffer.from(iv).toString("latin1"));
  decipher.update(forge.util.createBuffer(Buffer.from(encrypted).toString("latin1")));
  // The library looks at the last byte of the padding only: it is told to leave the padding.
  const isWhole = decipher.finish(() => true);
  const padded = Buffer.from(decipher.output.getBytes(), "latin1");
  return isWhole ? unpadded(padded) : undefined;
}

/** RFC 8018 §6.1.1 step 4, for blocks of 8 bytes. */
function unpadded(padded: Buffer): Buffer | undefined {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > 8 || count > padded.length) return undefined;
  const end = padded.length - count;
  return padded.subarray(end).every((byte) => byte === count) ? padded.subarray(0, end) : undefined;
}
