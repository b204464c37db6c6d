/** What lies in a key file, before anything is decrypted. */
export interface PrivateKeyBlock {
  /** Between BEGIN and END of PEM; undefined for DER. */
  label: string | undefined;
  der: Buffer;
  /** The block as PEM, when it is encrypted in the form of RFC 1421. */
  oldEncrypted?: { pem: string; cipher: string };
}

const BEGIN = /-----BEGIN ((?:[A-Z0-9]+ )?PRIVATE KEY)-----/;
const OLD_ENCRYPTED = /^Proc-Type: 4,ENCRYPTED$/m;
const OLD_CIPHER = /^DEK-Info: ([A-Z0-9-]+)/m;

/**
 * Finds the private key of a file: the first one of a PEM text, whatever stands around it, or DER.
 *
 * @returns undefined where there is none
 */
export function findPrivateKey(input: string | Uint8Array): PrivateKeyBlock | undefined {
  if (typeof input === "string") return fromPem(input);
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  return bytes.includes("-----BEGIN ")
    ? fromPem(bytes.toString("latin1"))
    : { label: undefined, der: bytes };
}

// By index and not in one expression, whose time would grow with the square of a hostile text.
function fromPem(text: string): PrivateKeyBlock | undefined {
  const begin = BEGIN.exec(text);
  const label = begin?.[1];
  if (begin === null || label === undefined) return undefined;
  const start = begin.index + begin[0].length;
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (end < 0) return undefined;
  const body = text.slice(start, end);
  if (OLD_ENCRYPTED.test(body)) {
    const pem = `${begin[0]}${body}-----END ${label}-----\n`;
    const cipher = OLD_CIPHER.exec(body)?.[1] ?? "unknown";
    return { label, der: Buffer.alloc(0), oldEncrypted: { pem, cipher } };
  }
  return { label, der: Buffer.from(body, "base64") };
}

export type PrivateKeyForm = "encrypted" | "pkcs1" | "pkcs8" | "sec1";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** By the tag that follows the version: AlgorithmIdentifier, modulus, private value. */
const FORMS: Readonly<Record<number, PrivateKeyForm>> = {
  [SEQUENCE]: "pkcs8",
  [INTEGER]: "pkcs1",
  4: "sec1",
};

/** Tells the forms of DER apart by their first elements (RFC 5958 §2 and §3, RFC 8017 A.1.2, RFC 5915 §3). */
export function formOf(der: Uint8Array): PrivateKeyForm | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  const length = der[1] ?? 0;
  const first = 2 + (length & 0x80 ? length & 0x7f : 0);
  if (der[first] === SEQUENCE) return "encrypted";
  if (der[first] !== INTEGER) return undefined;
  return FORMS[der[first + 2 + (der[first + 1] ?? 0)] ?? 0];
}
