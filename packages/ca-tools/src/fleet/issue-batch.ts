import { type KeyObject, sign } from "node:crypto";
import { PRIVATE_KEY_BYTES, p256Keys } from "./device-key.ts";
import type { Template } from "./template.ts";
import { type Fields, signedBytes, writeCertificate, writeSigned } from "./write-certificate.ts";

/** What a thread needs to issue. `privateKey` is the CA's, sent as it is: never as text. */
export interface IssuingParts {
  template: Template;
  privateKey: KeyObject;
  /** Of the signature. */
  hash: "sha256" | "sha384";
}

/** Certificates and keys as DER, one after the other. */
export interface IssuedBatch {
  certificates: Buffer;
  /** Where each certificate ends. */
  ends: number[];
  /** PKCS#8, each of the same length. Secrets: to be wiped when they have been used. */
  privateKeys: Buffer;
}

/** Upper bound of headers, algorithm and a signature by RSA-4096. */
const SIGNATURE_BYTES = 600;

/** @returns issues a batch, into memory that the next batch overwrites */
export function batchIssuer({
  template,
  privateKey,
  hash,
}: IssuingParts): (batch: readonly Fields[]) => IssuedBatch {
  const { signatureAlgorithm } = template;
  const newKey = p256Keys();
  const room = Buffer.alloc(signedBytes(template));
  let certificates = Buffer.alloc(0);
  let privateKeys = Buffer.alloc(0);
  return (batch) => {
    const certificateBytes = batch.length * (room.length + SIGNATURE_BYTES);
    const keyBytes = batch.length * PRIVATE_KEY_BYTES;
    if (certificates.length < certificateBytes) certificates = Buffer.alloc(certificateBytes);
    if (privateKeys.length < keyBytes) privateKeys = Buffer.alloc(keyBytes);
    const ends: number[] = [];
    let end = 0;
    for (const variable of batch) {
      const point = newKey(privateKeys, ends.length * PRIVATE_KEY_BYTES);
      const signed = room.subarray(0, writeSigned(room, template, variable, point));
      const signature = sign(hash, signed, privateKey);
      end = writeCertificate(certificates, end, { signed, signatureAlgorithm, signature });
      ends.push(end);
    }
    return { certificates, ends, privateKeys };
  };
}
