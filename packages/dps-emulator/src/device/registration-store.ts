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
  /** `incarnation` of the group, or of the individual enrollment, that the device registered through. */
  group: string;
  createdDateTimeUtc: string;
  lastUpdatedDateTimeUtc: string;
  etag: string;
  /** The latest ones, newest first. */
  operations: Operation[];
  outcome: Outcome;
  /** Where the device was assigned last, while `outcome` is something else. */
  former?: Assigned;
}

export type Substatus =
  | "initialAssignment"
  | "deviceDataMigrated"
  | "deviceDataReset"
  | "reprovisionedToInitialAssignment";

/** States of before there were several hubs have `status` and `assignedHub` alone. */
export interface Assigned {
  status: "assigned";
  assignedHub: string;
  /** @default the registration id */
  deviceId?: string;
  /** @default "initialAssignment" */
  substatus?: Substatus;
  /** Where the device was assigned first. @default `assignedHub` */
  initialHub?: string;
  /** What a webhook has for the device. */
  payload?: unknown;
}

/** The enrollment's webhook is to say where the device belongs. */
export interface Assigning {
  status: "assigning";
  /** What the device has for the webhook. */
  payload?: unknown;
  /** Who is asking the webhook, and until when (milliseconds since 1970) nobody else does. */
  claim?: { id: string; until: number };
}

export type Outcome =
  | Assigned
  | Assigning
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

/** Where the device is assigned, or was before its last attempt to register. */
export function lastAssignment(registration: StoredRegistration | undefined): Assigned | undefined {
  const { outcome, former } = registration ?? {};
  return outcome?.status === "assigned" ? outcome : former;
}

/** The record in the order in which the service writes its members. */
export function answerRegistration(registration: StoredRegistration): DeviceRegistrationState {
  const { registrationId, createdDateTimeUtc, lastUpdatedDateTimeUtc, etag, outcome } =
    registration;
  const dates = { lastUpdatedDateTimeUtc, etag };
  if (outcome.status === "assigning") {
    return { registrationId, createdDateTimeUtc, status: outcome.status, ...dates };
  }
  if (outcome.status !== "assigned") {
    return { registrationId, createdDateTimeUtc, ...outcome, ...dates };
  }
  const { assignedHub, deviceId = registrationId, status, payload } = outcome;
  return {
    registrationId,
    createdDateTimeUtc,
    assignedHub,
    deviceId,
    status,
    substatus: outcome.substatus ?? "initialAssignment",
    ...dates,
    ...(payload === undefined ? {} : { payload }),
  };
}
