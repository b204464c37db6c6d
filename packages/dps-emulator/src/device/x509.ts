import {
  CaToolsError,
  type Certificate,
  findPaths,
  parseCertificate,
  validatePath,
} from "@dps-certs/ca-tools";
import { deviceIdProblem, sameId } from "@dps-certs/dps-protocol";
import { storedCertificate } from "../certificate-field.ts";
import { Refusal, refusal } from "../problems.ts";
import type { StoredEnrollment } from "../service/enrollment-store.ts";
import type { Reader } from "../store/store.ts";
import { knownCas, type Match, matchGroup, matchReferences } from "./ca-match.ts";
import type { Enrollment } from "./enrollment.ts";
import type { Peer } from "./peer.ts";

export interface CertificateClaim {
  registrationId: string;
  peer: Peer;
  /** The enrollment of this registration id alone, if there is one. */
  individual: StoredEnrollment | undefined;
  now: Date;
}

/**
 * Finds the enrollment that a device's certificate belongs to. The common name is the registration
 * id; the certificate is the individual enrollment's own, or its chain leads, through the certificate
 * of the nearest enrollment group, to a verified CA.
 *
 * @throws {Refusal} `unauthorized`, `invalid-certificate`, `ca-not-found`
 */
export function authenticateByCertificate(store: Reader, claim: CertificateClaim): Enrollment {
  const { registrationId, peer, individual, now } = claim;
  if (deviceIdProblem(registrationId) !== undefined) throw new Refusal("unauthorized");
  const leaf = parseLeaf(peer.leaf);
  if (!sameId(leaf.commonName ?? "", registrationId)) throw new Refusal("invalid-certificate");
  const chain = { store, leaf, presented: peer.presented.flatMap(parsePresented), now };
  if (individual === undefined) {
    return judgeChain(chain, (certificate) => matchGroup(store, certificate));
  }
  const { attestation } = individual;
  if (attestation.type !== "x509") throw new Refusal("unauthorized");
  const enrollment: Enrollment = { kind: "individual", record: individual };
  if (attestation.caReferences !== undefined) {
    const names = Object.values(attestation.caReferences);
    return judgeChain(chain, (certificate) =>
      matchReferences(store, certificate, names, enrollment),
    );
  }
  requireOwnCertificate(leaf, Object.values(attestation.client ?? {}), now);
  return enrollment;
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

function parseLeaf(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (cause instanceof CaToolsError) throw refusal("invalid-certificate", "", cause);
    throw cause;
  }
}

/**
 * The very certificate of the enrollment, whoever signed it: the handshake has shown that the device
 * has its key. Dates and extended key usage count all the same.
 */
function requireOwnCertificate(leaf: Certificate, own: readonly string[], now: Date): void {
  const isOwn = own.some((der) => storedCertificate(der).sha256 === leaf.sha256);
  const findings = validatePath({ path: [leaf], now, policy: "dps", purpose: "clientAuth" });
  if (!isOwn || findings.length > 0) throw new Refusal("invalid-certificate");
}

interface Chain {
  store: Reader;
  leaf: Certificate;
  presented: readonly Certificate[];
  now: Date;
}

/** The nearest issuer's enrollment; the first match decides, there is no falling through to the next. */
function judgeChain(
  { store, leaf, presented, now }: Chain,
  matchOf: (certificate: Certificate) => Match | undefined,
): Enrollment {
  const { anchors, verified, isGiven } = knownCas(store);
  const found = [...findPaths({ leaf, presented, anchors })].flatMap(
    (path) => nearestMatch(path, matchOf) ?? [],
  );
  const nearest = Math.min(...found.map(({ depth }) => depth));
  let anchored = false;
  for (const { path, depth, match } of found) {
    if (depth !== nearest || !match.isTrusted) continue;
    for (const trusted of prefixesUpToVerified(path, depth, verified)) {
      anchored = true;
      const input = { path: trusted, now, policy: "dps", isGiven, purpose: "clientAuth" } as const;
      if (validatePath(input).length === 0) return match.enrollment;
    }
  }
  throw new Refusal(anchored ? "invalid-certificate" : "ca-not-found");
}

function nearestMatch(
  path: Certificate[],
  matchOf: (certificate: Certificate) => Match | undefined,
): { path: Certificate[]; depth: number; match: Match } | undefined {
  for (const [depth, certificate] of path.entries()) {
    // The leaf is no issuer: an enrollment is about what its certificate signed.
    const match = depth > 0 ? matchOf(certificate) : undefined;
    if (match !== undefined) return { path, depth, match };
  }
  return undefined;
}

/** The path cut after each verified CA that stands at or above the enrollment's certificate. */
function prefixesUpToVerified(
  path: Certificate[],
  depth: number,
  verified: ReadonlySet<string>,
): Certificate[][] {
  return path.flatMap(({ sha256 }, index) =>
    index >= depth && verified.has(sha256) ? [path.slice(0, index + 1)] : [],
  );
}
