import type { Certificate } from "@dps-certs/ca-tools";
import { idKey } from "@dps-certs/dps-protocol";
import { storedCertificate } from "../certificate-field.ts";
import { uploadedCertificates } from "../management/certificates.ts";
import {
  groupsOfCaReference,
  groupsOfCertificate,
  type StoredGroup,
} from "../service/group-store.ts";
import type { Reader } from "../store/store.ts";
import type { Enrollment } from "./enrollment.ts";

/** An enrollment that is about what a certificate signed. */
export interface Match {
  enrollment: Enrollment;
  /** False where it refers to a certificate of the service that is not verified. */
  isTrusted: boolean;
}

export interface KnownCas {
  anchors: Certificate[];
  /** SHA-256 of the verified ones. */
  verified: ReadonlySet<string>;
  /**
   * Whether the service was given this certificate as an issuer. A client certificate of an individual
   * enrollment is not one: it would let a device issue for others.
   */
  isGiven: (certificate: Certificate) => boolean;
}

/** The CAs that were uploaded to the service. */
export function knownCas(store: Reader): KnownCas {
  const uploaded = uploadedCertificates(store);
  const anchors = uploaded.map(({ der }) => storedCertificate(der));
  const given = new Set(anchors.map(({ sha256 }) => sha256));
  const verified = uploaded.filter(({ isVerified }) => isVerified);
  return {
    anchors,
    verified: new Set(verified.map(({ der }) => storedCertificate(der).sha256)),
    isGiven: ({ sha256 }) => given.has(sha256) || groupsOfCertificate(store, sha256).length > 0,
  };
}

/** The group that has this certificate, or refers to it; of several the first by id. */
export function matchGroup(store: Reader, certificate: Certificate): Match | undefined {
  const signing = groupsOfCertificate(store, certificate.sha256).map((group) => ({
    group,
    isTrusted: true,
  }));
  const referring = uploadedAs(store, certificate).flatMap(({ name, isVerified }) =>
    groupsOfCaReference(store, name).map((group) => ({ group, isTrusted: isVerified })),
  );
  const [first] = [...signing, ...referring].sort(
    (a, b) => byId(a.group, b.group) || Number(b.isTrusted) - Number(a.isTrusted),
  );
  if (first === undefined) return undefined;
  return { enrollment: { kind: "group", record: first.group }, isTrusted: first.isTrusted };
}

/** The enrollment, if one of the names that it refers to is this certificate's. */
export function matchReferences(
  store: Reader,
  certificate: Certificate,
  names: readonly string[],
  enrollment: Enrollment,
): Match | undefined {
  const wanted = names.map((name) => name.toLowerCase());
  const uploaded = uploadedAs(store, certificate).filter(({ name }) =>
    wanted.includes(name.toLowerCase()),
  );
  if (uploaded.length === 0) return undefined;
  return { enrollment, isTrusted: uploaded.some(({ isVerified }) => isVerified) };
}

/** One certificate may have several names, and each of them is verified or not. */
const uploadedAs = (store: Reader, { sha256 }: Certificate) =>
  uploadedCertificates(store).filter(({ der }) => storedCertificate(der).sha256 === sha256);

function byId(a: StoredGroup, b: StoredGroup): number {
  const [one, two] = [idKey(a.enrollmentGroupId), idKey(b.enrollmentGroupId)];
  return one < two ? -1 : Number(one > two);
}
