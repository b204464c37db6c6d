import type { KeyObject } from "node:crypto";
import type { Certificate } from "../x509/certificate.ts";
import { type Crl, isCrlOf } from "../x509/crl-read.ts";
import { isIssuedBy } from "../x509/paths.ts";
import type { Item } from "./items.ts";
import { publicKeyOf, publicKeySha256 } from "./public-key.ts";

/** What belongs to what among the things that were read; every signature is checked. */
export interface Links {
  isSelfSigned: (certificate: Certificate) => boolean;
  issuerOf: (certificate: Certificate) => Certificate | undefined;
  issuerOfCrl: (crl: Crl) => Certificate | undefined;
  /** @param key - public */
  certificatesOf: (key: KeyObject) => Certificate[];
}

/** Signatures checked for each certificate on average: hostile files hold thousands of one name. */
const SIGNATURES_EACH = 8;

/** Every certificate of the items once, those in PFX files too. */
export function certificatesIn(items: readonly Item[]): Certificate[] {
  const all = items.flatMap((item): Certificate[] => {
    if (item.kind === "certificate") return [item.certificate];
    return item.kind === "pfx" ? certificatesIn(item.contents ?? []) : [];
  });
  return [...new Map(all.map((certificate) => [certificate.sha256, certificate])).values()];
}

export function linkItems(items: readonly Item[]): Links {
  const certificates = certificatesIn(items);
  const named = groupBy(certificates, ({ subjectKey }) => subjectKey);
  const owners = groupBy(certificates, publicKeyOf);
  const budget = { signatures: SIGNATURES_EACH * certificates.length };
  const signed = (subject: Certificate, issuer: Certificate) => {
    budget.signatures -= 1;
    return budget.signatures >= 0 && isIssuedBy(subject, issuer);
  };
  const isSelfSigned = (certificate: Certificate) =>
    certificate.subjectKey === certificate.issuerKey && signed(certificate, certificate);
  return {
    isSelfSigned,
    issuerOf: (certificate) =>
      likelyFirst(certificate, named.get(certificate.issuerKey) ?? []).find(
        (issuer) => issuer.sha256 !== certificate.sha256 && signed(certificate, issuer),
      ),
    issuerOfCrl: (crl) =>
      likelyFirst(crl, named.get(crl.issuerKey) ?? []).find((issuer) => {
        budget.signatures -= 1;
        return budget.signatures >= 0 && isCrlOf(crl, issuer);
      }),
    certificatesOf: (key) => owners.get(publicKeySha256(key)) ?? [],
  };
}

function groupBy(
  certificates: readonly Certificate[],
  keyOf: (certificate: Certificate) => string | undefined,
): Map<string, Certificate[]> {
  const groups = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    const key = keyOf(certificate) ?? "";
    const group = groups.get(key);
    if (group) group.push(certificate);
    else groups.set(key, [certificate]);
  }
  return groups;
}

/** A CA may have several certificates of one name; the key identifier says which is meant. */
function likelyFirst(
  { authorityKeyIdentifier }: Pick<Certificate, "authorityKeyIdentifier">,
  issuers: readonly Certificate[],
): Certificate[] {
  const isLikely = (issuer: Certificate) =>
    authorityKeyIdentifier !== undefined && issuer.subjectKeyIdentifier === authorityKeyIdentifier;
  return [...issuers.filter(isLikely), ...issuers.filter((issuer) => !isLikely(issuer))];
}
