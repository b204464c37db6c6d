import { createPublicKey, type KeyObject } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import { ParsedRequest } from "../x509/library.ts";
import { type CertificateRequest, MAX_REQUEST_BYTES, parseRequest } from "../x509/request.ts";

/** A request of which the signature, or the kind of key, may be wrong: it is shown, not acted upon. */
export interface LooseRequest {
  request?: CertificateRequest;
  subject: string;
  publicKey?: KeyObject;
  /** Why nothing would be issued for it. */
  refusal?: CaToolsError;
}

/** @throws {CaToolsError} `invalid-request` when not even its subject can be read */
export function readLooseRequest(der: Uint8Array, file?: string): LooseRequest {
  try {
    const request = parseRequest(der, file);
    return { request, subject: request.subject, publicKey: request.publicKey };
  } catch (refusal) {
    const loose = refusal instanceof CaToolsError ? readLoosely(der) : undefined;
    if (loose === undefined) throw refusal;
    return { ...loose, refusal: refusal as CaToolsError };
  }
}

function readLoosely(der: Uint8Array): LooseRequest | undefined {
  if (der.length > MAX_REQUEST_BYTES) return undefined;
  const parsed = attempt(() => new ParsedRequest(new Uint8Array(der)));
  const subject = attempt(() => parsed?.subject);
  if (parsed === undefined || subject === undefined) return undefined;
  // Of a kind of key that OpenSSL does not know, the subject is shown alone.
  const publicKey = attempt(() =>
    createPublicKey({ key: Buffer.from(parsed.publicKey.rawData), format: "der", type: "spki" }),
  );
  return { subject, ...(publicKey && { publicKey }) };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
