import { isWeakSignature } from "./algorithm-names.ts";
import type { Certificate } from "./certificate.ts";
import { nonConformity } from "./conformance.ts";
import { nameViolation } from "./name-constraints.ts";
import { isIssuedBy } from "./paths.ts";

/**
 * - `strict`: RFC 5280 §6.1, every certificate alike, the trust anchor too, and what §4 demands of
 *   their form, as `openssl verify -x509_strict` holds it.
 * - `dps`: as the service treats chains. Version 1 and missing extensions are forgiven in a
 *   certificate that the service itself was given (`isGiven`), never in one that was only presented:
 *   otherwise any enrolled device could issue certificates for other devices.
 */
export type PathPolicy = "strict" | "dps";

export type FindingCode =
  | "not-issued"
  | "weak-signature"
  | "not-yet-valid"
  | "expired"
  | "not-a-ca"
  | "no-key-cert-sign"
  | "path-too-long"
  | "unknown-critical-extension"
  | "name-not-permitted"
  | "wrong-purpose"
  | "not-conforming";

export interface Finding {
  code: FindingCode;
  /** Index in the path: 0 is the leaf. */
  depth: number;
  /** One sentence, with the certificate's subject. */
  message: string;
}

export interface PathInput {
  /** Leaf first, each issued by the next; the last one is the trust anchor. */
  path: readonly Certificate[];
  now: Date;
  /** @default "strict" */
  policy?: PathPolicy;
  /** Which certificates the relying party knew beforehand; used by `dps`. @default the last one */
  isGiven?: (certificate: Certificate) => boolean;
  /** What the leaf must be allowed to do. @default no restriction */
  purpose?: "clientAuth" | "serverAuth";
}

const OID = {
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  extendedKeyUsage: "2.5.29.37",
  anyExtendedKeyUsage: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const PROCESSED: ReadonlySet<string> = new Set([
  OID.keyUsage,
  OID.subjectAltName,
  OID.basicConstraints,
  OID.nameConstraints,
  OID.extendedKeyUsage,
]);

/**
 * Validates a certification path after RFC 5280 §6.1: signatures (by no digest weaker than SHA-224)
 * and name chaining, validity of every certificate (the trust anchor's too), basicConstraints,
 * keyUsage, path length, critical extensions, name constraints (the trust anchor's too, critical or
 * not), and the extended key usage of every certificate below the anchor (`strict`: of the anchor as
 * well).
 *
 * Certificate policies are not processed: a policy extension that is critical refuses the path.
 *
 * @returns what is wrong, from the anchor downwards; empty when the path is valid
 */
export function validatePath(input: PathInput): Finding[] {
  return input.path
    .flatMap((certificate, depth) =>
      findingsOn(certificate, depth, input).flatMap((found) =>
        found === undefined ? [] : { ...found, depth },
      ),
    )
    .sort((a, b) => b.depth - a.depth);
}

function findingsOn(certificate: Certificate, depth: number, input: PathInput): Found[] {
  const strict = (input.policy ?? "strict") === "strict";
  const isLast = depth === input.path.length - 1;
  return [
    issuance(certificate, input.path[depth + 1]),
    isLast ? undefined : digest(certificate),
    validity(certificate, input.now),
    depth > 0 ? authority(certificate, depth, input) : undefined,
    repeatedExtensions(certificate),
    criticalExtensions(certificate),
    names(certificate, depth, input, strict),
    strict || !isLast || depth === 0 ? purpose(certificate, depth, input, strict) : undefined,
    strict ? form(certificate, isLast) : undefined,
  ];
}

type Found = Omit<Finding, "depth"> | undefined;

/** §6.1.3 (a)(1) and (a)(4). */
function issuance(certificate: Certificate, issuer: Certificate | undefined): Found {
  if (issuer === undefined || isIssuedBy(certificate, issuer)) return undefined;
  const message = `${certificate.subject} was not issued by ${issuer.subject}`;
  return { code: "not-issued", message };
}

/** Whoever can make MD5 or SHA-1 collide has the issuer sign one certificate and uses another. */
function digest({ subject, signatureAlgorithm }: Certificate): Found {
  return isWeakSignature(signatureAlgorithm)
    ? { code: "weak-signature", message: `${subject} is signed with ${signatureAlgorithm}` }
    : undefined;
}

/** §6.1.3 (a)(2); both ends are included (§4.1.2.5). */
function validity({ subject, notBefore, notAfter }: Certificate, now: Date): Found {
  if (now < notBefore) {
    return {
      code: "not-yet-valid",
      message: `${subject} is not valid before ${notBefore.toISOString()}`,
    };
  }
  // notAfter names a whole second.
  if (now.getTime() >= notAfter.getTime() + 1000) {
    return { code: "expired", message: `${subject} expired at ${notAfter.toISOString()}` };
  }
  return undefined;
}

/** §6.1.4 (k) to (n): an issuer is a CA, may sign certificates, and the path below it is short enough. */
function authority(certificate: Certificate, depth: number, input: PathInput): Found {
  const { subject, basicConstraints, keyUsage } = certificate;
  const forgiven = isForgiven(certificate, input) && basicConstraints === undefined;
  if (!forgiven && basicConstraints?.ca !== true) {
    return { code: "not-a-ca", message: `${subject} is no CA, and issued a certificate` };
  }
  if (keyUsage?.keyCertSign === false) {
    return { code: "no-key-cert-sign", message: `${subject} may not sign certificates` };
  }
  const below = input.path.slice(1, depth).filter((issuer) => !isSelfIssued(issuer)).length;
  const limit = basicConstraints?.pathLength;
  if (limit !== undefined && below > limit) {
    const message = `${subject} allows ${limit} CAs below it, and has ${below}`;
    return { code: "path-too-long", message };
  }
  return undefined;
}

function isForgiven(certificate: Certificate, { policy, isGiven, path }: PathInput): boolean {
  if (policy !== "dps") return false;
  return isGiven ? isGiven(certificate) : certificate === path.at(-1);
}

const isSelfIssued = ({ subjectKey, issuerKey }: Certificate) => subjectKey === issuerKey;

/** §6.1.4 (o) and §6.1.5 (f): a critical extension that is not processed refuses the path. */
function criticalExtensions({ subject, extensions }: Certificate): Found {
  const unknown = extensions.find(({ oid, critical }) => critical && !PROCESSED.has(oid));
  if (unknown === undefined) return undefined;
  const message = `${subject} has the critical extension ${unknown.oid}, which is not supported`;
  return { code: "unknown-critical-extension", message };
}

/**
 * §6.1.3 (b) and (c). A CA's certificate for itself is exempt, so that a CA can get a new key.
 *
 * `strict` reads a leaf's common name as a host name, as OpenSSL does; for `dps` it is a registration
 * id, whatever it looks like.
 */
function names(certificate: Certificate, depth: number, input: PathInput, strict: boolean): Found {
  if (depth > 0 && isSelfIssued(certificate)) return undefined;
  const issuers = input.path.slice(depth + 1);
  const problem = nameViolation(certificate, issuers, strict && depth === 0);
  if (problem === undefined) return undefined;
  return { code: "name-not-permitted", message: `${certificate.subject} ${problem}` };
}

/** §4.2: otherwise two readers could each believe another one. */
function repeatedExtensions({ subject, extensions }: Certificate): Found {
  if (new Set(extensions.map(({ oid }) => oid)).size === extensions.length) return undefined;
  return { code: "not-conforming", message: `${subject} has an extension twice` };
}

function form(certificate: Certificate, isLast: boolean): Found {
  const problem = nonConformity(certificate, isLast);
  return problem === undefined
    ? undefined
    : { code: "not-conforming", message: `${certificate.subject} ${problem}` };
}

/**
 * §4.2.1.12, applied to issuers as well, as TLS stacks do. `strict` takes anyExtendedKeyUsage for no
 * purpose in particular, and wants a client to be allowed to sign (RFC 8446 §4.4.2.2).
 */
function purpose(
  { subject, extendedKeyUsage, keyUsage }: Certificate,
  depth: number,
  { purpose: wanted }: PathInput,
  strict: boolean,
): Found {
  if (wanted === undefined) return undefined;
  const allowed: readonly string[] = strict
    ? [OID[wanted]]
    : [OID[wanted], OID.anyExtendedKeyUsage];
  const isAllowed = extendedKeyUsage?.some((usage) => allowed.includes(usage)) ?? true;
  const signs = depth > 0 || wanted !== "clientAuth" || keyUsage?.digitalSignature !== false;
  if (isAllowed && (signs || !strict)) return undefined;
  return { code: "wrong-purpose", message: `${subject} may not be used for ${wanted}` };
}
