/** The ways up from a device's certificate, each CA with what the service holds of it. */
import { type Certificate, findPaths } from "@dps-certs/ca-tools";
import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";
import { isNamedIssuer } from "../certificate/uploads.ts";
import { isUploadOf } from "../names.ts";

/** What the service holds, as it tells it: certificates by their thumbprints alone. */
export interface GroupView {
  groupId: string;
  /** In messages. @default `the group ${groupId}` */
  title?: string;
  groups: readonly EnrollmentGroup[];
  /** Undefined where they may not be looked at: then any CA may be one of them. */
  uploaded: readonly CertificateResponse[] | undefined;
  /** Certificates that may be some of those, wherever they are from. */
  known: readonly Certificate[];
}

/** A CA above the device. */
export interface Node {
  /** Undefined where the service holds it, and its certificate is not here. */
  certificate: Certificate | undefined;
  uploads: readonly CertificateResponse[];
  groups: readonly EnrollmentGroup[];
}

export interface Chain {
  certificates: Certificate[];
  /** Behind the leaf. */
  nodes: Node[];
}

/** Certificates that the service was given: it forgives them what is missing. */
export function givenTo(
  { groups, uploaded }: GroupView,
  certificates: readonly Certificate[],
): Certificate[] {
  return certificates.filter(
    (one) =>
      uploaded?.some((stored) => isUploadOf(one, stored)) ||
      groups.some((group) => thumbprints(group).has(one.sha256)),
  );
}

/** Every way up from the leaf, the last step also by the name of a certificate that is not here. */
export function chainsOf(
  leaf: Certificate,
  presented: readonly Certificate[],
  view: GroupView,
): Chain[] {
  const { uploaded = [], known } = view;
  const isUpload = (one: Certificate) => uploaded.some((stored) => isUploadOf(one, stored));
  const all = [...known, ...presented];
  const anchors = view.uploaded === undefined ? all : all.filter(isUpload);
  return [...findPaths({ leaf, presented, anchors })].flatMap((certificates) => {
    const nodes = certificates.slice(1).map((one) => nodeOf(one, view));
    const tip = certificates.at(-1) ?? leaf;
    const isOpen = tip.subjectKey !== tip.issuerKey;
    const above = isOpen ? uploaded.filter((stored) => isNamedIssuer(stored, tip)) : [];
    const isHere = (stored: CertificateResponse) => anchors.some((one) => isUploadOf(one, stored));
    const stubs = above.filter((stored) => !isHere(stored)).map((one) => stubOf(one, view));
    return [
      { certificates, nodes },
      ...stubs.map((stub) => ({ certificates, nodes: [...nodes, stub] })),
    ];
  });
}

function thumbprints({ attestation }: EnrollmentGroup): ReadonlySet<string> {
  const { primary, secondary } = attestation.x509?.signingCertificates ?? {};
  const infos = [primary?.info, secondary?.info];
  return new Set(infos.flatMap((info) => (info ? [info.sha256Thumbprint.toUpperCase()] : [])));
}

export function refersTo(
  { attestation }: EnrollmentGroup,
  uploads: readonly CertificateResponse[],
): boolean {
  const { primary, secondary } = attestation.x509?.caReferences ?? {};
  const names = [primary, secondary].map((name) => name?.toLowerCase());
  return uploads.some(({ name }) => names.includes(name.toLowerCase()));
}

function nodeOf(certificate: Certificate, { groups, uploaded = [] }: GroupView): Node {
  const uploads = uploaded.filter((stored) => isUploadOf(certificate, stored));
  const isOf = (group: EnrollmentGroup) =>
    thumbprints(group).has(certificate.sha256) || refersTo(group, uploads);
  return { certificate, uploads, groups: groups.filter(isOf) };
}

function stubOf(stored: CertificateResponse, { groups, uploaded = [] }: GroupView): Node {
  const sha1 = stored.properties.thumbprint?.toUpperCase();
  const uploads = uploaded.filter((one) => one.properties.thumbprint?.toUpperCase() === sha1);
  const isOf = (group: EnrollmentGroup) => {
    const { primary, secondary } = group.attestation.x509?.signingCertificates ?? {};
    const infos = [primary?.info, secondary?.info];
    return (
      infos.some((info) => info?.sha1Thumbprint.toUpperCase() === sha1) || refersTo(group, uploads)
    );
  };
  return { certificate: undefined, uploads, groups: groups.filter(isOf) };
}
