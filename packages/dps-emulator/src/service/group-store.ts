import { idKey } from "@dps-certs/dps-protocol";
import { storedCertificate } from "../certificate-field.ts";
import type { Reader, Writer } from "../store/store.ts";
import type { SigningCertificates } from "./attestation.ts";

/** An enrollment group as it is stored. */
export interface StoredGroup {
  enrollmentGroupId: string;
  /** Tells a group from a later one of the same id. */
  incarnation: string;
  signing: SigningCertificates;
  etag: string;
  /** null when null was sent, which means enabled. */
  provisioningStatus: "enabled" | "disabled" | null;
  createdDateTimeUtc: string;
  lastUpdatedDateTimeUtc: string;
  /** All other members, as they were sent. */
  members: Record<string, unknown>;
}

export const GROUP_PREFIX = "group/";
const groupKey = (id: string) => GROUP_PREFIX + idKey(id);
// The index by certificate keeps the work of a registration independent of the number of groups.
const indexPrefix = (sha256: string) => `group-by-certificate/${sha256}/`;

export function getGroup(store: Reader, id: string): StoredGroup | undefined {
  return store.get(groupKey(id)) as StoredGroup | undefined;
}

/** Groups whose devices this certificate signs, by id. */
export function groupsOfCertificate(store: Reader, sha256: string): StoredGroup[] {
  return store
    .list(indexPrefix(sha256))
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

function indexKeys({ signing, enrollmentGroupId }: StoredGroup): string[] {
  return Object.values(signing).map(
    (der: string) => indexPrefix(storedCertificate(der).sha256) + idKey(enrollmentGroupId),
  );
}
