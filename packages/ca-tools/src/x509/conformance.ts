import type { Certificate } from "./certificate.ts";

const BASIC_CONSTRAINTS = "2.5.29.19";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
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

function caNonConformity(ca: Certificate): string | undefined {
  if (!isCritical(ca, BASIC_CONSTRAINTS))
    return "is a CA whose basicConstraints are not critical (§4.2.1.9)";
  if (ca.keyUsage === undefined) return "is a CA without keyUsage (§4.2.1.3)";
  if (ca.basicConstraints?.pathLength !== undefined && !ca.keyUsage.keyCertSign) {
    return "has a path length, and may not sign certificates (§4.2.1.9)";
  }
  if (ca.subjectKeyIdentifier === undefined) {
    return "is a CA without subject key identifier (§4.2.1.2)";
  }
  if (ca.subjectKey === "") return "is a CA without a name (§4.1.2.6)";
  return undefined;
}

function leafNonConformity(leaf: Certificate): string | undefined {
  const { basicConstraints, keyUsage } = leaf;
  if (basicConstraints?.pathLength !== undefined) {
    return "is no CA, and has a path length (§4.2.1.9)";
  }
  if (keyUsage?.keyCertSign) return "is no CA, and may sign certificates (§4.2.1.3)";
  if (leaf.subjectKey === "" && !isCritical(leaf, SUBJECT_ALTERNATIVE_NAME)) {
    return "has no name, neither as subject nor in a critical extension (§4.1.2.6)";
  }
  if (leaf.nameConstraints !== undefined) return "is no CA, and constrains names (§4.2.1.10)";
  return undefined;
}

function commonNonConformity(certificate: Certificate, isLast: boolean): string | undefined {
  if (certificate.issuerKey === "") return "names no issuer (§4.1.2.4)";
  if (certificate.version < 3 && certificate.extensions.length > 0) {
    return `has extensions, and is of version ${certificate.version} (§4.1.2.9)`;
  }
  if (certificate.keyAlgorithm === "ec")
    return "has a key whose curve is not named (RFC 5480 §2.1.1)";
  const identifiers = [SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER];
  if (identifiers.some((oid) => isCritical(certificate, oid))) {
    return "has a key identifier that is critical (§4.2.1.1, §4.2.1.2)";
  }
  const hasNames = certificate.extensions.some(({ oid }) => oid === SUBJECT_ALTERNATIVE_NAME);
  if (hasNames && certificate.subjectAlternativeNames.length === 0) {
    return "has a list of names that is empty (§4.2.1.6)";
  }
  const wantsAuthority = certificate.version === 3 && !isLast;
  return wantsAuthority && certificate.authorityKeyIdentifier === undefined
    ? "has no authority key identifier (§4.2.1.1)"
    : undefined;
}

const isCritical = ({ extensions }: Certificate, wanted: string) =>
  extensions.some(({ oid, critical }) => oid === wanted && critical);
