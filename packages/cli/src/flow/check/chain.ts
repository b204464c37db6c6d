import { type Certificate, findPaths, validatePath } from "@dps-certs/ca-tools";
import type { Found } from "./certificate.ts";
import type { GroupView } from "./group-chains.ts";
import type { CheckInput } from "./rules.ts";

/** CAs that the service holds, as far as it is known here. */
export interface ServiceCas {
  /** Uploaded and verified. */
  anchors: readonly Certificate[];
  /** What the service told of itself: then it decides, and `anchors` and `groups` count for nothing. */
  view?: GroupView;
  /** Certificates of enrollment groups; undefined where it is not known which there are. */
  groups?: readonly Certificate[] | undefined;
  /** Whether nothing is known: then the top of the chain is taken for what the service holds. */
  isAssumed: boolean;
  /** Where the CAs come from, when nobody named them. */
  assumption?: string | undefined;
  /** The file that a certificate came from. */
  fileOf?: (certificate: Certificate) => string | undefined;
}

const MAX_DEPTH = 3;
const MAX_CHAIN_BYTES = 4096;

interface Chosen {
  /** From the leaf to a CA that the service holds. */
  path: Certificate[];
  notes: Found[];
}

/** The best path from the leaf to a CA of the service; undefined where there is none. */
export function chosenPath(leaf: Certificate, input: CheckInput): Chosen | undefined {
  const { service, now, policy } = input;
  const presented = input.certificates.filter(({ sha256 }) => sha256 !== leaf.sha256);
  const paths = [...findPaths({ leaf, presented, anchors: service.anchors })];
  if (service.isAssumed) return assumed(paths);
  const trusted = new Set(service.anchors.map(({ sha256 }) => sha256));
  const rated = paths
    .flatMap((path) => upToTrusted(path, trusted))
    .map((path) => ({
      path,
      problems: validatePath({ path, now, policy, purpose: "clientAuth" }).length,
    }))
    .sort((a, b) => a.problems - b.problems);
  const best = rated[0]?.path;
  return best && { path: best, notes: groupNotes(best, service) };
}

/** The longest: what is above its end is not known. */
function assumed(paths: readonly Certificate[][]): Chosen | undefined {
  const [path = []] = paths.toSorted((a, b) => b.length - a.length);
  const top = path.at(-1);
  if (path.length < 2 || top === undefined) return undefined;
  const message = `it is assumed that the service holds ${top.subject}, verified`;
  return { path, notes: [{ code: "assumed-ca", certificate: top, message }] };
}

function upToTrusted(path: Certificate[], trusted: ReadonlySet<string>): Certificate[][] {
  return path.flatMap(({ sha256 }, index) =>
    index > 0 && trusted.has(sha256) ? [path.slice(0, index + 1)] : [],
  );
}

function groupNotes(path: readonly Certificate[], { groups }: ServiceCas): Found[] {
  if (groups === undefined || groups.length === 0) return [];
  const known = new Set(groups.map(({ sha256 }) => sha256));
  const cas = path.slice(1);
  if (cas.some(({ sha256 }) => known.has(sha256))) return [];
  const message = `the PKI folder knows no enrollment group of ${cas.map(({ subject }) => subject).join(" or ")}: DPS answers 401002 where there is none`;
  return [{ code: "no-group", message, ...(cas[0] && { certificate: cas[0] }) }];
}

/** Why there is no path, told of the certificate where it ends. */
export function missingPath(leaf: Certificate, input: CheckInput): Found[] {
  const { service, certificates } = input;
  const presented = certificates.filter(({ sha256 }) => sha256 !== leaf.sha256);
  const [path = [leaf]] = [...findPaths({ leaf, presented, anchors: service.anchors })].toSorted(
    (a, b) => b.length - a.length,
  );
  const tip = path.at(-1) ?? leaf;
  const isEnd = tip.subjectKey === tip.issuerKey;
  if (isEnd && tip === leaf) {
    const message = `${leaf.subject} is self-signed: no CA vouches for it`;
    return [{ code: "self-signed-leaf", certificate: leaf, message }];
  }
  if (isEnd) {
    const message = `the service does not hold ${tip.subject}: DPS answers 401002 "CA certificate not found."`;
    return [{ code: "unknown-ca", certificate: tip, message }];
  }
  const namesake = [...presented, ...service.anchors].find(
    ({ subjectKey }) => subjectKey === tip.issuerKey,
  );
  if (namesake !== undefined) {
    const message = `${tip.subject} was not signed by the ${namesake.subject} that is here, but by another of that name`;
    return [{ code: "not-issued", certificate: tip, message }];
  }
  const message = `the certificate of ${tip.issuer}, which issued ${tip.subject}, is missing: DPS answers 401002 "CA certificate not found."`;
  return [{ code: "incomplete-chain", certificate: tip, message }];
}

/**
 * What the device sends, as it sends it.
 *
 * @param path - undefined where none was found
 */
export function sentRules(
  leaf: Certificate,
  path: readonly Certificate[] | undefined,
  { certificates }: CheckInput,
): Found[] {
  const sent = certificates.filter((one, at) => firstAt(certificates, one) === at);
  const others = sent.filter((one) => one.sha256 !== leaf.sha256);
  const [first] = sent;
  return [
    ...certificates.flatMap((one, at) => (firstAt(certificates, one) === at ? [] : twice(one))),
    ...(first === undefined || first === leaf ? [] : notFirst(leaf, first)),
    ...(path === undefined ? [] : [...order(others, path), ...unused(others, path)]),
    ...others.filter(isRoot).map(rootIncluded),
    ...sizes(sent, path),
  ];
}

const firstAt = (all: readonly Certificate[], { sha256 }: Certificate) =>
  all.findIndex((one) => one.sha256 === sha256);
const isRoot = ({ subjectKey, issuerKey }: Certificate) => subjectKey === issuerKey;

function twice(certificate: Certificate): Found {
  return {
    code: "duplicate-certificate",
    certificate,
    message: `${certificate.subject} is there twice`,
  };
}

function notFirst(leaf: Certificate, first: Certificate): Found[] {
  const message = `the first certificate is ${first.subject}, not the device's own ${leaf.subject}`;
  return [{ code: "leaf-not-first", certificate: leaf, message }];
}

function order(others: readonly Certificate[], path: readonly Certificate[]): Found[] {
  const places = others.map((one) => firstAt(path, one)).filter((place) => place >= 0);
  const at = places.findIndex((place, index) => place < (places[index - 1] ?? 0));
  const certificate = path[places[at] ?? -1];
  if (certificate === undefined) return [];
  const message = `${certificate.subject} stands behind a certificate that it does not lead to`;
  return [{ code: "wrong-order", certificate, message }];
}

function unused(others: readonly Certificate[], path: readonly Certificate[]): Found[] {
  return others
    .filter((one) => firstAt(path, one) < 0 && !isRoot(one))
    .map((certificate) => ({
      code: "unused-certificate",
      certificate,
      message: `${certificate.subject} is no part of the device's chain`,
    }));
}

function rootIncluded(certificate: Certificate): Found {
  const message = `the root ${certificate.subject} is sent too`;
  return { code: "root-included", certificate, message };
}

function sizes(sent: readonly Certificate[], path: readonly Certificate[] = []): Found[] {
  const depth = path.length - 1;
  const bytes = sent.reduce((sum, { der }) => sum + der.length, 0);
  const found: Found[] = [];
  if (depth > MAX_DEPTH) {
    found.push({ code: "long-chain", message: `there are ${depth} CAs above the device` });
  }
  if (bytes > MAX_CHAIN_BYTES) {
    const message = `the device sends ${bytes} bytes of certificates in each handshake`;
    found.push({ code: "large-chain", message });
  }
  return found;
}
