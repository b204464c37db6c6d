import { getEnrollment, type StoredEnrollment } from "../service/enrollment-store.ts";
import { getGroup, type StoredGroup } from "../service/group-store.ts";
import type { Reader } from "../store/store.ts";

/** What lets a device register, and says where it belongs. */
export type Enrollment =
  | { kind: "individual"; record: StoredEnrollment }
  | { kind: "group"; record: StoredGroup };

/** An enrollment, and none of the same id that comes after it. */
export interface EnrollmentReference {
  kind: Enrollment["kind"];
  id: string;
  incarnation: string;
}

export function referenceTo(enrollment: Enrollment): EnrollmentReference {
  const { kind, record } = enrollment;
  const id = kind === "group" ? record.enrollmentGroupId : record.registrationId;
  return { kind, id, incarnation: record.incarnation };
}

/** The enrollment as it is now; undefined when it is gone. */
export function readEnrollment(
  store: Reader,
  { kind, id, incarnation }: EnrollmentReference,
): Enrollment | undefined {
  const enrollment = kind === "group" ? groupOf(store, id) : individualOf(store, id);
  return enrollment?.record.incarnation === incarnation ? enrollment : undefined;
}

function groupOf(store: Reader, id: string): Enrollment | undefined {
  const record = getGroup(store, id);
  return record && { kind: "group", record };
}

function individualOf(store: Reader, id: string): Enrollment | undefined {
  const record = getEnrollment(store, id);
  return record && { kind: "individual", record };
}

/** The id that a device gets in its hub. */
export function deviceIdOf({ kind, record }: Enrollment, registrationId: string): string {
  return (kind === "individual" ? record.deviceId : undefined) ?? registrationId;
}
