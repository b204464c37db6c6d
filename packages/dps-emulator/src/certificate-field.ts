import { CaToolsError, type Certificate, parseCertificate } from "@dps-certs/ca-tools";

/** Parsed certificates that are kept: parsing is a function of the bytes alone. */
const MEMO_SIZE = 256;
const memo = new Map<string, Certificate>();

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Reads a `certificate` member as clients send it: PEM text, base64 of PEM, or base64 of DER.
 *
 * @returns undefined when it is none of them
 */
export function readCertificateField(field: string): Certificate | undefined {
  if (field.includes("-----BEGIN")) return parse(field);
  const compact = field.replace(/\s/g, "");
  if (!BASE64.test(compact)) return undefined;
  const bytes = Buffer.from(compact, "base64");
  const text = bytes.toString("latin1");
  return parse(text.includes("-----BEGIN") ? text : bytes);
}

/** A certificate that the store holds as base64 of its DER. */
export function storedCertificate(base64: string): Certificate {
  const known = memo.get(base64);
  if (known !== undefined) return known;
  const certificate = parseCertificate(Buffer.from(base64, "base64"));
  if (memo.size >= MEMO_SIZE) memo.delete(memo.keys().next().value ?? "");
  memo.set(base64, certificate);
  return certificate;
}

export function toStored(certificate: Certificate): string {
  return Buffer.from(certificate.der).toString("base64");
}

function parse(input: string | Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(input);
  } catch (error) {
    if (error instanceof CaToolsError) return undefined;
    throw error;
  }
}
