import { readOneCertificate, sha256Thumbprint } from "./certificate-field.ts";

/** Members that the service sets or does not give back. */
const SET_BY_SERVICE = new Set(["etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc"]);

interface Members {
  [name: string]: unknown;
  certificate?: unknown;
  info?: unknown;
  sha256Thumbprint?: unknown;
}

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;

/** The certificate of a request: PEM text, or base64 of PEM or DER. */
function thumbprintOf(certificate: string): string | undefined {
  const form = certificate.includes("-----BEGIN")
    ? certificate
    : Buffer.from(certificate, "base64");
  try {
    return sha256Thumbprint(readOneCertificate(form));
  } catch {
    return undefined;
  }
}

function sameCertificate(sent: Members, stored: Members): boolean {
  const info = stored.info;
  const certificate = sent.certificate;
  if (typeof certificate !== "string" || !isObject(info)) return false;
  const thumbprint = thumbprintOf(certificate);
  return thumbprint !== undefined && thumbprint === info.sha256Thumbprint;
}

/**
 * Whether what is stored is what was sent: every member that was sent has its value there. The
 * service adds members, sets some itself, and gives back a certificate only as its thumbprints.
 */
export function reflects(sent: unknown, stored: unknown): boolean {
  if (!isObject(sent) || !isObject(stored)) return sent === stored;
  if (Array.isArray(sent) !== Array.isArray(stored)) return false;
  if (Array.isArray(sent) && sent.length !== Object.keys(stored).length) return false;
  if (typeof sent.certificate === "string") return sameCertificate(sent, stored);
  return Object.entries(sent).every(
    ([name, value]) =>
      value === undefined ||
      value === null ||
      SET_BY_SERVICE.has(name) ||
      reflects(value, stored[name]),
  );
}
