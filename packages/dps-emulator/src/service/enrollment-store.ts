import { idKey } from "@dps-certs/dps-protocol";
import type { Reader, Writer } from "../store/store.ts";
import type { StoredRecord } from "./record.ts";

/** An individual enrollment as it is stored. */
export interface StoredEnrollment extends StoredRecord {
  registrationId: string;
  /** The device's id in its hub; without one it is the registration id. */
  deviceId?: string;
}

export const ENROLLMENT_PREFIX = "enrollment/";
const enrollmentKey = (id: string) => ENROLLMENT_PREFIX + idKey(id);

/** @param id - a valid registration id */
export function getEnrollment(store: Reader, id: string): StoredEnrollment | undefined {
  return store.get(enrollmentKey(id)) as StoredEnrollment | undefined;
}

export function saveEnrollment(store: Writer, enrollment: StoredEnrollment): void {
  store.put(enrollmentKey(enrollment.registrationId), enrollment);
}

export function removeEnrollment(store: Writer, id: string): void {
  store.delete(enrollmentKey(id));
}
