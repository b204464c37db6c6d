import { hash } from "node:crypto";
import { PRIVATE_KEY_BYTES } from "./device-key.ts";
import type { IssuedBatch } from "./issue-batch.ts";

/** What a batch is to its callers, device by device; {@link FleetDevice} says what the members are. */
export interface IssuedTexts {
  /** DER, one after the other. */
  certificates: Uint8Array<ArrayBuffer>;
  /** Where each ends. */
  ends: number[];
  certificatePems: string[];
  /** Secrets. */
  privateKeyPems: string[];
  sha1: string[];
  sha256: string[];
}

/** Characters of PEM in a line (RFC 7468 §2). */
const LINE = 64;

/** Writes out what was issued, in memory of its own, and wipes the keys' bytes. */
export function textsOf({ certificates, ends, privateKeys }: IssuedBatch): IssuedTexts {
  const texts: IssuedTexts = {
    certificates: new Uint8Array(certificates.subarray(0, ends.at(-1))),
    ends,
    ...{ certificatePems: [], privateKeyPems: [], sha1: [], sha256: [] },
  };
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const der = certificates.subarray(start, end);
    const keyAt = index * PRIVATE_KEY_BYTES;
    const key = privateKeys.toString("base64", keyAt, keyAt + PRIVATE_KEY_BYTES);
    texts.certificatePems.push(pem("CERTIFICATE", der.toString("base64")));
    texts.privateKeyPems.push(pem("PRIVATE KEY", key));
    texts.sha1.push(hash("sha1", der).toUpperCase());
    texts.sha256.push(hash("sha256", der).toUpperCase());
    start = end;
  }
  privateKeys.fill(0);
  return texts;
}

/** RFC 7468 as `pemOf` writes it, in a third of the time. */
function pem(label: string, base64: string): string {
  let lines = "";
  for (let at = 0; at < base64.length; at += LINE) lines += `${base64.slice(at, at + LINE)}\n`;
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
