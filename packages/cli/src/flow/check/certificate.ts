import type { Certificate } from "@dps-certs/ca-tools";
import type { CheckCode } from "./table.ts";

/** A finding before its severity and mend are looked up. */
export interface Found {
  code: CheckCode;
  certificate?: Certificate;
  message: string;
}

const DAY = 86_400_000;
/** Devices live for 30 days by default: a month would warn of each. */
const SOON_DAYS = 7;

/** What the service documents for X.509 attestation: RSA, and the NIST curves. */
const DOCUMENTED_KEY = /^(?:rsa-\d+|ec-p(?:256|384|521))$/;
const MIN_RSA_BITS = 2048;

/**
 * What is to be said of one certificate wherever it stands.
 *
 * @param depth - 0 is the leaf
 */
export function certificateRules(
  certificate: Certificate,
  { depth, now }: { depth: number; now: Date },
): Found[] {
  const { subject, keyAlgorithm, notAfter } = certificate;
  const found: Found[] = [];
  const say = (code: CheckCode, message: string) => found.push({ code, certificate, message });
  const bits = Number(/^rsa-(?:pss-)?(\d+)$/.exec(keyAlgorithm)?.[1]);
  if (bits < MIN_RSA_BITS) {
    say("weak-key", `${subject} has an RSA key of ${bits} bits`);
  } else if (!DOCUMENTED_KEY.test(keyAlgorithm)) {
    say("undocumented-key", `${subject} has a key that DPS does not document: ${keyAlgorithm}`);
  }
  const left = notAfter.getTime() - now.getTime();
  if (left >= 0 && left < SOON_DAYS * DAY) {
    say("expires-soon", `${subject} ends soon, at ${notAfter.toISOString()}`);
  }
  const missing = missingIdentifiers(certificate, depth);
  if (missing.length > 0)
    say("missing-key-identifier", `${subject} has no ${missing.join(", no ")}`);
  return found;
}

const isSelfIssued = ({ subjectKey, issuerKey }: Certificate) => subjectKey === issuerKey;

/** RFC 5280 §4.2.1.1 and §4.2.1.2: a self-signed one may leave the issuer's out, a leaf its own. */
function missingIdentifiers(certificate: Certificate, depth: number): string[] {
  const { subjectKeyIdentifier, authorityKeyIdentifier } = certificate;
  const own = depth > 0 && subjectKeyIdentifier === undefined;
  const authority = authorityKeyIdentifier === undefined && !isSelfIssued(certificate);
  return [
    ...(own ? ["subject key identifier"] : []),
    ...(authority ? ["authority key identifier"] : []),
  ];
}
