import { X509Certificate } from "node:crypto";
import { clientError, DpsClientError } from "../errors.ts";
import { readCertificates } from "../tls-options.ts";

/**
 * Reads the one certificate of a PEM text or DER bytes, so that nothing else that the file may hold
 * (a private key, a chain) reaches the service, which answers 500 to what it cannot decode.
 *
 * @throws {DpsClientError} `invalid-certificate`
 */
export function readOneCertificate(certificate: string | Uint8Array): X509Certificate {
  const bytes = typeof certificate === "string" ? Buffer.from(certificate) : certificate;
  // DER begins with the tag of a SEQUENCE.
  if (bytes[0] !== 0x30) {
    const [first, ...others] = readCertificates(Buffer.from(bytes).toString("latin1"), "the text");
    if (first && others.length === 0) return first;
    throw new DpsClientError(
      "invalid-certificate",
      `one certificate is wanted, the text holds ${others.length + 1}`,
    );
  }
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw clientError("invalid-certificate", "the bytes are not a certificate", { cause });
  }
}

/**
 * Reads the `certificate` member of a request: PEM text, or base64 of PEM or of DER.
 *
 * @throws {DpsClientError} `invalid-certificate`
 */
export function readCertificateField(text: string): X509Certificate {
  return readOneCertificate(text.includes("-----BEGIN") ? text : Buffer.from(text, "base64"));
}

/** The `certificate` member of a request: base64 of PEM text, the form the service was seen to take. */
export function certificateField(certificate: X509Certificate): string {
  return Buffer.from(certificate.toString()).toString("base64");
}

/** SHA-1 of the DER as the management plane writes it: upper-case hex. */
export function sha1Thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(":", "");
}

/** SHA-256 of the DER as the service plane writes it: upper-case hex. */
export function sha256Thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "");
}
