import type { Certificate } from "./certificate.ts";

const BASIC_CONSTRAINTS = "2.5.29.19";
const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";

/**
 * What RFC 5280 §4 demands of a certificate's form beyond what §6.1 reads, as `openssl verify
 * -x509_strict` holds it. Rules for CAs do not apply to a certificate that is none.
 *
 * @param isLast - the trust anchor needs no authority key identifier
 * @returns what is wrong, as the end of a sentence about the subject
 */
export function nonConformity(certificate: Certificate, isLast: boolean): string | undefined {
  return certificate.basicConstraints?.ca
    ? (caNonConformity(certificate) ?? commonNonConformity(certificate, isLast))
    : (leafNonConformity(certificate) ?? commonNonConformity(certificate, isLast));
}

function caNonConformity({ extensions, ...ca }: Certificate): string | undefined {
  const constraints = extensions.find(({ oid }) => oid === BASIC_CONSTRAINTS);
  if (!constraints?.critical) return "is a CA whose basicConstraints are not critical (§4.2.1.9)";
  if (ca.keyUsage === undefined) return "is a CA without keyUsage (§4.2.1.3)";
  if (ca.subjectKeyIdentifier === undefined) {
    return "is a CA without subject key identifier (§4.2.1.2)";
  }
  if (ca.subjectKey === "") return "is a CA without a name (§4.1.2.6)";
  return undefined;
}

function leafNonConformity({ basicConstraints, keyUsage }: Certificate): string | undefined {
  if (basicConstraints?.pathLength !== undefined) {
    return "is no CA, and has a path length (§4.2.1.9)";
  }
  if (keyUsage?.keyCertSign) return "is no CA, and may sign certificates (§4.2.1.3)";
  return undefined;
}

function commonNonConformity(certificate: Certificate, isLast: boolean): string | undefined {
  if (certificate.issuerKey === "") return "names no issuer (§4.1.2.4)";
  if (certificate.version < 3 && certificate.extensions.length > 0) {
    return `has extensions, and is of version ${certificate.version} (§4.1.2.9)`;
  }
  const wantsAuthority = certificate.version === 3 && !isLast;
  return wantsAuthority &&
    !certificate.extensions.some(({ oid }) => oid === AUTHORITY_KEY_IDENTIFIER)
    ? "has no authority key identifier (§4.2.1.1)"
    : undefined;
}
