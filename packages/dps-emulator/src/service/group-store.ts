import { idKey } from "@dps-certs/dps-protocol";
import { storedCertificate } from "../certificate-field.ts";
import type { Reader, Writer } from "../store/store.ts";
import type { Pair, StoredAttestation } from "./attestation.ts";
import type { StoredRecord } from "./record.ts";

/** An enrollment group as it is stored. */
export interface StoredGroup extends StoredRecord {
  enrollmentGroupId: string;
}

export const GROUP_PREFIX = "group/";
const groupKey = (id: string) => GROUP_PREFIX + idKey(id);
// The indices keep the work of a registration independent of the number of groups.
const certificateIndex = (sha256: string) => `group-by-certificate/${sha256}/`;
const referenceIndex = (name: string) => `group-by-ca-reference/${name.toLowerCase()}/`;

/** @param id - a valid enrollment group id */
export function getGroup(store: Reader, id: string): StoredGroup | undefined {
  const value = store.get(groupKey(id));
  return value === undefined ? undefined : readStoredGroup(value);
}

/** A group as the store has it; before there were other attestations, `signing` stood alone. */
export function readStoredGroup(value: unknown): StoredGroup {
  const { signing, ...group } = value as StoredGroup & { signing?: Pair };
  if (signing === undefined) return group;
  return { ...group, attestation: { type: "x509", signing } };
}

/** All groups, by id: 200 at most. */
export function allGroups(store: Reader): StoredGroup[] {
  return store.list(GROUP_PREFIX).map(({ value }) => readStoredGroup(value));
}

/** Groups whose devices this certificate signs, by id. */
export function groupsOfCertificate(store: Reader, sha256: string): StoredGroup[] {
  return groupsUnder(store, certificateIndex(sha256));
}

/** Groups that refer to the service's certificate of this name, by id. */
export function groupsOfCaReference(store: Reader, certificateName: string): StoredGroup[] {
  return groupsUnder(store, referenceIndex(certificateName));
}

function groupsUnder(store: Reader, prefix: string): StoredGroup[] {
  return store
    .list(prefix)
    .map(({ value }) => getGroup(store, value as string))
    .filter((group) => group !== undefined);
}

export function saveGroup(store: Writer, group: StoredGroup): void {
  removeGroup(store, group.enrollmentGroupId);
  store.put(groupKey(group.enrollmentGroupId), group);
  for (const key of indexKeys(group)) store.put(key, group.enrollmentGroupId);
}

export function removeGroup(store: Writer, id: string): void {
  const present = getGroup(store, id);
  if (present === undefined) return;
  for (const key of indexKeys(present)) store.delete(key);
  store.delete(groupKey(id));
}

function indexKeys({ attestation, enrollmentGroupId }: StoredGroup): string[] {
  return indices(attestation).map((prefix) => prefix + idKey(enrollmentGroupId));
}

function indices(attestation: StoredAttestation): string[] {
  if (attestation.type !== "x509") return [];
  const { signing, caReferences } = attestation;
  return [
    ...valuesOf(signing).map((der) => certificateIndex(storedCertificate(der).sha256)),
    ...valuesOf(caReferences).map(referenceIndex),
  ];
}

function valuesOf(pair: Pair | undefined): string[] {
  return [pair?.primary, pair?.secondary].filter((value) => value !== undefined);
}
