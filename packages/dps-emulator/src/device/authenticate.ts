import {
  CaToolsError,
  type Certificate,
  findPaths,
  parseCertificate,
  validatePath,
} from "@dps-certs/ca-tools";
import { deviceIdProblem, sameId } from "@dps-certs/dps-protocol";
import { storedCertificate } from "../certificate-field.ts";
import type { Context } from "../context.ts";
import { uploadedCertificates } from "../management/certificates.ts";
import { Refusal, refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import { groupsOfCertificate, type StoredGroup } from "../service/group-store.ts";
import type { Reader } from "../store/store.ts";
import type { Peer } from "./peer.ts";

/** A device that has shown who it is, and the group that it may register through. */
export interface AuthenticatedDevice {
  registrationId: string;
  enrollmentGroupId: string;
  /** Tells the group from a later one of the same id. */
  incarnation: string;
}

export interface Claim {
  idScope: string;
  registrationId: string;
  peer: Peer | undefined;
}

/**
 * Authenticates a device by its TLS client certificate: the common name is the registration id, and
 * the chain leads, through the certificate of the nearest enrollment group, to a verified CA.
 *
 * Whether the group is enabled is not asked here: a disabled group lets a device authenticate, and
 * its registration ends as `disabled`.
 *
 * @throws {Refusal} `unauthorized`, `invalid-certificate`, `ca-not-found`
 */
export function authenticate(context: Context, claim: Claim): AuthenticatedDevice {
  const { registrationId, peer } = claim;
  if (deviceIdProblem(registrationId) !== undefined) throw new Refusal("unauthorized");
  return context.store.read((store) => {
    // A scope is an exact text; only ids ignore case.
    if (claim.idScope !== readService(store).idScope) throw new Refusal("unauthorized");
    if (peer === undefined) throw new Refusal("unauthorized");
    const leaf = parsePeer(peer.leaf);
    if (!sameId(leaf.commonName ?? "", registrationId)) throw new Refusal("invalid-certificate");
    const group = groupOf(store, leaf, peer.presented.flatMap(parsePresented), context.now());
    const { enrollmentGroupId, incarnation } = group;
    return { registrationId, enrollmentGroupId, incarnation };
  });
}

/** What cannot be parsed is no part of any chain, and no reason to refuse the rest. */
function parsePresented(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch (error) {
    if (error instanceof CaToolsError) return [];
    throw error;
  }
}

function parsePeer(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (cause instanceof CaToolsError) throw refusal("invalid-certificate", "", cause);
    throw cause;
  }
}

interface Match {
  path: Certificate[];
  /** Index in the path of the certificate that a group is about. */
  depth: number;
  group: StoredGroup;
}

/** The nearest issuer's group; the first match decides, there is no falling through to the next. */
function groupOf(
  store: Reader,
  leaf: Certificate,
  presented: readonly Certificate[],
  now: Date,
): StoredGroup {
  const uploaded = uploadedCertificates(store);
  const anchors = uploaded.map(({ der }) => storedCertificate(der));
  const verified = new Set(
    uploaded.filter(({ isVerified }) => isVerified).map(({ der }) => storedCertificate(der).sha256),
  );
  const matches = [...findPaths({ leaf, presented, anchors })].flatMap(
    (path) => nearestGroup(store, path) ?? [],
  );
  const nearest = Math.min(...matches.map(({ depth }) => depth));
  const given = new Set(anchors.map(({ sha256 }) => sha256));
  const isGiven = ({ sha256 }: Certificate) =>
    given.has(sha256) || groupsOfCertificate(store, sha256).length > 0;
  let anchored = false;
  for (const { path, depth, group } of matches) {
    if (depth !== nearest) continue;
    for (const trusted of prefixesUpToVerified(path, depth, verified)) {
      anchored = true;
      const findings = validatePath({
        path: trusted,
        now,
        policy: "dps",
        isGiven,
        purpose: "clientAuth",
      });
      if (findings.length === 0) return group;
    }
  }
  throw new Refusal(anchored ? "invalid-certificate" : "ca-not-found");
}

function nearestGroup(store: Reader, path: Certificate[]): Match | undefined {
  for (const [depth, { sha256 }] of path.entries()) {
    // The leaf is no issuer: a group is about what its certificate signed.
    const [group] = depth > 0 ? groupsOfCertificate(store, sha256) : [];
    if (group !== undefined) return { path, depth, group };
  }
  return undefined;
}

/** The path cut after each verified CA that stands at or above the group's certificate. */
function prefixesUpToVerified(
  path: Certificate[],
  depth: number,
  verified: ReadonlySet<string>,
): Certificate[][] {
  return path.flatMap(({ sha256 }, index) =>
    index >= depth && verified.has(sha256) ? [path.slice(0, index + 1)] : [],
  );
}
