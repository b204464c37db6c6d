/**
 * The chain of a device as the service looks at it for an enrollment group: the nearest CA above the
 * device that a group is about decides, and at or above it there must be a verified one.
 */
import { type Certificate, validatePath } from "@dps-certs/ca-tools";
import {
  type CertificateResponse,
  type EnrollmentGroup,
  idKey,
  sameId,
} from "@dps-certs/dps-protocol";
import type { Found } from "./certificate.ts";
import {
  type Chain,
  chainsOf,
  type GroupView,
  givenTo,
  type Node,
  refersTo,
} from "./group-chains.ts";

export interface GroupPath {
  /** From the leaf to a verified CA, as far as it is here; undefined where there is none. */
  path: Certificate[] | undefined;
  notes: Found[];
}

const isVerified = ({ properties }: CertificateResponse) => properties.isVerified === true;
const hasGroup = ({ groups }: Node, id: string) =>
  groups.some(({ enrollmentGroupId }) => sameId(enrollmentGroupId, id));

/** @param presented - what the device sends beside its own certificate */
export function groupPath(
  leaf: Certificate,
  presented: readonly Certificate[],
  view: GroupView,
  now: Date,
): GroupPath {
  const chains = chainsOf(leaf, presented, view);
  const depths = chains.map(({ nodes }) => nodes.findIndex(({ groups }) => groups.length > 0));
  const nearest = Math.min(...depths.filter((depth) => depth >= 0));
  const matching = chains.filter((_, at) => depths[at] === nearest);
  const own = matching.filter(({ nodes }) => hasGroup(nodes[nearest] as Node, view.groupId));
  if (own.length === 0)
    return { path: undefined, notes: [notOfGroup(leaf, chains, matching, view, nearest)] };
  if (view.uploaded === undefined) return notLookedUp(own);
  const rated = own
    .flatMap((chain) => verifiedPrefix(chain, nearest, view.groupId))
    .map((prefix) => ({ prefix, problems: problemsOf(prefix.certificates, view, now) }))
    .sort((a, b) => a.problems - b.problems);
  const best = rated[0]?.prefix;
  if (best === undefined) return { path: undefined, notes: [notVerified(own, nearest)] };
  return { path: best.certificates, notes: [...assumed(best), ...shared(best, nearest, view)] };
}

/** Where nobody may see what is uploaded, the longest way up is taken for one that is verified. */
function notLookedUp(own: readonly Chain[]): GroupPath {
  const path = longest(own)?.certificates ?? [];
  const names = path.slice(1).map(({ subject }) => subject);
  const message = `which CAs the service has verified could not be looked up: it is assumed that one of these is, from the group's upwards: ${names.join("; ")}`;
  return { path, notes: [{ code: "assumed-ca", message }] };
}

function problemsOf(path: readonly Certificate[], view: GroupView, now: Date): number {
  const given = new Set(givenTo(view, path));
  const isGiven = (one: Certificate) => given.has(one);
  return validatePath({ path, now, policy: "dps", isGiven, purpose: "clientAuth" }).length;
}

/** The chain up to the first verified CA at or above the group's; none where there is none. */
function verifiedPrefix({ certificates, nodes }: Chain, depth: number, id: string): Chain[] {
  const own = nodes[depth] as Node;
  const group = own.groups.find(({ enrollmentGroupId }) => sameId(enrollmentGroupId, id));
  // A group that refers to a certificate by a name of it that is not verified is not trusted.
  const named = own.uploads.filter((upload) => group !== undefined && refersTo(group, [upload]));
  if (named.length > 0 && !named.some(isVerified)) return [];
  const at = nodes.findIndex(({ uploads }, index) => index >= depth && uploads.some(isVerified));
  if (at < 0) return [];
  return [{ certificates: certificates.slice(0, at + 2), nodes: nodes.slice(0, at + 1) }];
}

function assumed({ certificates, nodes }: Chain): Found[] {
  const [upload] = nodes.at(-1)?.certificate === undefined ? (nodes.at(-1)?.uploads ?? []) : [];
  const tip = certificates.at(-1);
  if (upload === undefined || tip === undefined) return [];
  const message = `by its name ${upload.name} issued ${tip.subject}; the service does not give its certificate away, so the signature was not checked`;
  return [{ code: "assumed-issuer", certificate: tip, message }];
}

function shared({ nodes }: Chain, depth: number, { groupId }: GroupView): Found[] {
  const others = (nodes[depth]?.groups ?? []).filter(
    ({ enrollmentGroupId }) => !sameId(enrollmentGroupId, groupId),
  );
  if (others.length === 0) return [];
  const names = others.map(({ enrollmentGroupId }) => enrollmentGroupId).join(", ");
  return [{ code: "shared-ca", message: `the CA of ${groupId} is also that of ${names}` }];
}

const longest = (chains: readonly Chain[]) =>
  chains.toSorted((a, b) => b.certificates.length - a.certificates.length)[0];

/** Why the device is none of the group's. */
function notOfGroup(
  leaf: Certificate,
  chains: readonly Chain[],
  matching: readonly Chain[],
  { groupId, title = `the group ${groupId}`, groups }: GroupView,
  nearest: number,
): Found {
  const certificate = leaf;
  const other = matching[0]?.nodes[nearest]?.groups.toSorted((a, b) =>
    idKey(a.enrollmentGroupId) < idKey(b.enrollmentGroupId) ? -1 : 1,
  )[0];
  if (other !== undefined) {
    const message = `the nearest CA above ${leaf.subject} is that of the group ${other.enrollmentGroupId}, which decides, not ${groupId}`;
    return { code: "other-group", certificate, message };
  }
  const group = groups.find(({ enrollmentGroupId }) => sameId(enrollmentGroupId, groupId));
  const tip = longest(chains)?.certificates.at(-1) ?? leaf;
  const names = trustedNames(group);
  if (tip.subjectKey !== tip.issuerKey) {
    const message = `the certificate of ${tip.issuer}, which issued ${tip.subject}, is missing, and what is here leads to no CA of ${title} (${names}): DPS answers 401002 "CA certificate not found."`;
    return { code: "incomplete-chain", certificate: tip, message };
  }
  const message = `${leaf.subject} does not lead to a CA of ${title} (${names}): DPS answers 401002`;
  return { code: "not-in-group", certificate, message };
}

/** What a group trusts, for people. */
export function trustedNames(group: EnrollmentGroup | undefined): string {
  const { signingCertificates, caReferences } = group?.attestation.x509 ?? {};
  const infos = [signingCertificates?.primary?.info, signingCertificates?.secondary?.info];
  const names = infos.flatMap((info) =>
    info ? [`${info.subjectName}, SHA-256 ${info.sha256Thumbprint}`] : [],
  );
  const references = [caReferences?.primary, caReferences?.secondary].filter(Boolean);
  return [...names, ...references].join("; ") || "it trusts none";
}

/** The group's CA is there, and nothing at or above it is verified. */
function notVerified(own: readonly Chain[], depth: number): Found {
  const upload = own
    .flatMap(({ nodes }) => nodes.slice(depth).flatMap(({ uploads }) => uploads))
    .find((one) => !isVerified(one));
  const tip = longest(own)?.certificates.at(-1);
  const about = tip && { certificate: tip };
  if (upload !== undefined) {
    const message = `the service holds ${upload.name}, and it is not verified: DPS answers 401002`;
    return { code: "unverified-ca", message };
  }
  if (tip !== undefined && tip.subjectKey !== tip.issuerKey) {
    const message = `the certificate of ${tip.issuer}, which issued ${tip.subject}, is missing: DPS answers 401002 "CA certificate not found."`;
    return { code: "incomplete-chain", ...about, message };
  }
  const message = `the service does not hold ${tip?.subject}: DPS answers 401002 "CA certificate not found."`;
  return { code: "unknown-ca", ...about, message };
}
