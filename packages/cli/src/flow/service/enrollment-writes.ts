/** Creating and changing what may be there already, of groups and of individual enrollments. */
import type { Enrollment, EnrollmentCollection } from "@dps-certs/dps-client";
import { CliError, usageError } from "../../errors.ts";
import { changesOf } from "../group/changes.ts";
import { type GivenAttestation, withAttestation } from "./enrollment-members.ts";

/** What it is called. */
export interface Kind<T extends Enrollment> {
  /** For people: `enrollment group`. */
  title: string;
  /** The command for it: `group`. */
  command: string;
  idOf: (item: T) => string;
}

/**
 * Creates one, or finds it there as it was to be made.
 *
 * @param wantedOf - one that is to be made, on the base of what is there
 * @throws {CliError} `drift` where another is there
 */
export async function createOnce<T extends Enrollment>(
  collection: EnrollmentCollection<T>,
  kind: Kind<T>,
  id: string,
  wantedOf: (stored?: T) => T,
): Promise<{ item: T; isNew: boolean }> {
  const present = await findEqual(collection, kind, id, wantedOf);
  if (present !== undefined) return { item: present, isNew: false };
  try {
    return { item: await collection.create(wantedOf()), isNew: true };
  } catch (error) {
    if ((error as { code?: unknown }).code !== "conflict") throw error;
    // Somebody was faster, and may have made the same.
    const made = await findEqual(collection, kind, id, wantedOf);
    if (made === undefined) throw error;
    return { item: made, isNew: false };
  }
}

async function findEqual<T extends Enrollment>(
  collection: EnrollmentCollection<T>,
  { title, command, idOf }: Kind<T>,
  id: string,
  wantedOf: (stored: T) => T,
): Promise<T | undefined> {
  const found = await collection.find(id);
  if (found === undefined) return undefined;
  const stored = await withStoredKeys(collection, idOf(found), found, wantedOf(found));
  const changes = changesOf(stored, wantedOf(stored));
  if (changes.length === 0) return stored;
  const problem = `the service has an ${title} ${idOf(found)} already, which is another`;
  throw new CliError("drift", `${problem}: ${changes.join("; ")}`, {
    hint: `change it with: dps-certs ${command} update ${idOf(found)}`,
  });
}

/**
 * Changes one, and says what was changed: none where it was as it is to be, and nothing was written.
 *
 * @throws {DpsClientError} `not-found`
 */
export async function changeGiven<T extends Enrollment>(
  collection: EnrollmentCollection<T>,
  id: string,
  changed: (stored: T) => T,
): Promise<{ item: T; changes: string[] }> {
  // Of the last round: others may change it meanwhile.
  let changes: string[] = [];
  const item = await collection.update(id, async (read) => {
    const stored = await withStoredKeys(collection, id, read, changed(read));
    const wanted = changed(stored);
    changes = changesOf(stored, wanted);
    return changes.length === 0 ? read : wanted;
  });
  return { item, changes };
}

/** With its symmetric keys where keys are compared: an answer to a read has none. */
async function withStoredKeys<T extends Enrollment>(
  collection: EnrollmentCollection<T>,
  id: string,
  stored: T,
  { attestation }: T,
): Promise<T> {
  const isKeyed = [stored.attestation, attestation].every(({ type }) => type === "symmetricKey");
  const { primaryKey, secondaryKey } = attestation.symmetricKey ?? {};
  if (!isKeyed || (primaryKey ?? secondaryKey) == null) return stored;
  return { ...stored, attestation: await collection.attestation(id) };
}

export interface AttestationChange {
  /** Undefined changes nothing but what `removeSecondary` says. */
  given: GivenAttestation | undefined;
  removeSecondary: boolean;
  /** Name of what is changed, for errors: `the group g`. */
  what: string;
  /** Option that gives the primary certificate. */
  option: string;
}

/**
 * One with its attestation changed.
 *
 * @throws {CliError} `usage` where there is nothing to be changed so
 */
export function withChangedAttestation<T extends Enrollment>(
  stored: T,
  { given, removeSecondary, what, option }: AttestationChange,
): T {
  const change = given ?? (removeSecondary ? secondaryRemoval(stored, what) : undefined);
  if (change === undefined) return stored;
  const removal = removeSecondary && { removeSecondary };
  const attestation = withAttestation(stored.attestation, { ...change, ...removal });
  const { signingCertificates, clientCertificates, caReferences } = attestation.x509 ?? {};
  const pair = signingCertificates ?? clientCertificates ?? caReferences;
  if (pair && !pair.primary) {
    throw usageError(
      `${what} has no primary one of this kind: a secondary alone is not possible`,
      `give it with --${caReferences ? "ca-reference" : option}`,
    );
  }
  return { ...stored, attestation };
}

function secondaryRemoval({ attestation: { type, x509 } }: Enrollment, what: string) {
  const kinds = ["signingCertificates", "clientCertificates", "caReferences"] as const;
  const kind = kinds.find((one) => x509?.[one]);
  if (kind !== undefined) return { kind };
  throw usageError(`--remove-secondary: ${what} has ${type} attestation, and no secondary CA`);
}
