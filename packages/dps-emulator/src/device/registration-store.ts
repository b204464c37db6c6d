import { createHash } from "node:crypto";
import { type DeviceRegistrationState, idKey } from "@dps-certs/dps-protocol";
import type { Reader, Writer } from "../store/store.ts";

/** What `register` started: its outcome is told from `readyAt` on. */
export interface Operation {
  operationId: string;
  /** Milliseconds since 1970. */
  readyAt: number;
}

/** A device's registration record. */
export interface StoredRegistration {
  registrationId: string;
  /** `incarnation` of the group that the device registered through. */
  group: string;
  createdDateTimeUtc: string;
  lastUpdatedDateTimeUtc: string;
  etag: string;
  /** The latest ones, newest first. */
  operations: Operation[];
  outcome: Outcome;
}

export type Outcome =
  | { status: "assigned"; assignedHub: string }
  | { status: "disabled" }
  | { status: "failed"; errorCode: number; errorMessage: string };

const registrationKey = (id: string) => `registration/${idKey(id)}`;

/** Incarnations are base64, which has a slash: hashed, they are one part of a key. */
export function groupRegistrationsPrefix(incarnation: string): string {
  const digest = createHash("sha256").update(incarnation).digest("hex").slice(0, 32);
  return `registration-of-group/${digest}/`;
}

const memberKey = ({ group, registrationId }: StoredRegistration) =>
  groupRegistrationsPrefix(group) + idKey(registrationId);

export function getRegistration(store: Reader, id: string): StoredRegistration | undefined {
  return store.get(registrationKey(id)) as StoredRegistration | undefined;
}

export function saveRegistration(store: Writer, registration: StoredRegistration): void {
  const present = getRegistration(store, registration.registrationId);
  if (present !== undefined) store.delete(memberKey(present));
  store.put(registrationKey(registration.registrationId), registration);
  store.put(memberKey(registration), registration.registrationId);
}

export function removeRegistration(store: Writer, registration: StoredRegistration): void {
  store.delete(memberKey(registration));
  store.delete(registrationKey(registration.registrationId));
}

/** The record in the order in which the service writes its members. */
export function answerRegistration(registration: StoredRegistration): DeviceRegistrationState {
  const { registrationId, createdDateTimeUtc, lastUpdatedDateTimeUtc, etag, outcome } =
    registration;
  const dates = { lastUpdatedDateTimeUtc, etag };
  if (outcome.status !== "assigned") {
    return { registrationId, createdDateTimeUtc, ...outcome, ...dates };
  }
  return {
    registrationId,
    createdDateTimeUtc,
    assignedHub: outcome.assignedHub,
    deviceId: registrationId,
    status: outcome.status,
    substatus: "initialAssignment",
    ...dates,
  };
}
