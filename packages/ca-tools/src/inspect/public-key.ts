import { createHash, type KeyObject } from "node:crypto";
import type { Certificate } from "../x509/certificate.ts";

/** SHA-256 of the SubjectPublicKeyInfo, upper-case hex. */
export function publicKeySha256(key: KeyObject): string {
  const spki = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex").toUpperCase();
}

/** Undefined for a key that OpenSSL does not know. */
export function publicKeyOf({ x509 }: Certificate): string | undefined {
  try {
    return publicKeySha256(x509.publicKey);
  } catch {
    return undefined;
  }
}
