import type { Enrollment } from "./collections.ts";

interface Members {
  [name: string]: unknown;
}

/** The service's own: sent back they would be stale. The etag goes into If-Match. */
const READ_ONLY: ReadonlySet<string> = new Set([
  "etag",
  "createdDateTimeUtc",
  "lastUpdatedDateTimeUtc",
  "registrationState",
]);

/** Kinds of certificates; an attestation has one of them. */
const X509_KINDS = ["signingCertificates", "clientCertificates", "caReferences"] as const;

const isPlain = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Copies member by member, so that a member called `__proto__` stays one. */
const fromEntries = (entries: Iterable<[string, unknown]>): Members => Object.fromEntries(entries);

/**
 * `stored` with what is given in its place: objects within one another, null removes, all else, arrays
 * included, replaces (RFC 7396).
 */
function mergeMembers(stored: unknown, given: Members): Members {
  const merged = new Map(isPlain(stored) ? Object.entries(stored) : []);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (value === null) merged.delete(name);
    else merged.set(name, isPlain(value) ? mergeMembers(merged.get(name), value) : value);
  }
  return fromEntries(merged);
}

/** As `mergeMembers`, one level deep: a certificate never keeps the `info` of the one before it. */
function mergeSlots(stored: unknown, given: Members): Members {
  const merged = new Map(isPlain(stored) ? Object.entries(stored) : []);
  for (const [slot, value] of Object.entries(given)) {
    if (value === null) merged.delete(slot);
    else if (value !== undefined) merged.set(slot, value);
  }
  return fromEntries(merged);
}

const kindOf = (x509: unknown) =>
  isPlain(x509) ? X509_KINDS.find((kind) => x509[kind] != null) : undefined;

function mergeX509(stored: unknown, given: Members): Members {
  const kind = kindOf(given);
  if (kind === undefined) return mergeSlots(stored, given);
  if (kind !== kindOf(stored)) return given;
  const [before, slots] = [(stored as Members)[kind], given[kind]];
  return { ...(stored as Members), ...given, [kind]: mergeSlots(before, slots as Members) };
}

/** A TPM is one thing: its keys are not mixed with another's. */
function mergeTpm(stored: unknown, given: Members): Members {
  const isSame = isPlain(stored) && stored.endorsementKey === given.endorsementKey;
  return isSame ? mergeSlots(stored, given) : given;
}

/** Another type replaces all. */
function mergeAttestation(stored: Members, given: Members): Members {
  if (stored.type !== given.type) return given;
  const merged = mergeSlots(stored, given);
  const { symmetricKey, tpm, x509 } = given;
  return {
    ...merged,
    ...(isPlain(tpm) ? { tpm: mergeTpm(stored.tpm, tpm) } : {}),
    ...(isPlain(symmetricKey)
      ? { symmetricKey: mergeSlots(stored.symmetricKey, symmetricKey) }
      : {}),
    ...(isPlain(x509) ? { x509: mergeX509(stored.x509, x509) } : {}),
  };
}

/** `stored` with what `given` says in its place; the id stays as the service spells it. */
export function mergeEnrollment<T extends Enrollment>(
  stored: T,
  given: T,
  idMember: "enrollmentGroupId" | "registrationId",
): T {
  const { attestation, [idMember as keyof T]: _, ...others } = given as T & Members;
  return {
    ...mergeMembers(stored, others),
    attestation: mergeAttestation(stored.attestation, attestation as Members),
  } as T;
}

/** What of an enrollment is sent: all but what the service sets itself. */
export function withoutReadOnly<T extends Enrollment>(item: T): T {
  return fromEntries(Object.entries(item).filter(([name]) => !READ_ONLY.has(name))) as T;
}
