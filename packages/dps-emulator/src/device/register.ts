import { DeviceRegistration, sameId } from "@dps-certs/dps-protocol";
import { type Context, randomGuid } from "../context.ts";
import { nextEtag } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import { timestamp } from "../time.ts";
import type { AuthenticatedDevice } from "./authenticate.ts";
import { readEnrollment } from "./enrollment.ts";
import { outcomeOf } from "./outcome.ts";
import { resultOf, retryAfter } from "./poll.ts";
import {
  getRegistration,
  lastAssignment,
  type Operation,
  type StoredRegistration,
  saveRegistration,
} from "./registration-store.ts";

/** Operations of one device that can still be asked about. */
const KEPT_OPERATIONS = 8;

/** Registers an authenticated device; the answer names the operation to poll. */
export function register(
  context: Context,
  device: AuthenticatedDevice,
  body: Uint8Array,
): ServiceResponse {
  const payload = readPayload(device, body);
  return context.store.write((store) => {
    const enrollment = readEnrollment(store, device.enrollment);
    // It may have gone since the device was authenticated.
    if (enrollment === undefined) throw new Refusal("unauthorized");
    const now = context.now();
    const present = getRegistration(store, device.registrationId);
    const registrationId = present?.registrationId ?? device.registrationId;
    const operation: Operation = {
      operationId: newOperationId(context.randomBytes),
      readyAt: now.getTime() + context.settings.retryAfterSeconds * 1000,
    };
    const service = readService(store);
    const outcome = outcomeOf({ enrollment, service, registrationId, present, payload });
    const former = lastAssignment(present);
    const registration: StoredRegistration = {
      registrationId,
      group: enrollment.record.incarnation,
      createdDateTimeUtc: present?.createdDateTimeUtc ?? timestamp(now),
      lastUpdatedDateTimeUtc: timestamp(now),
      etag: nextEtag(store, now),
      operations: [operation, ...(present?.operations ?? [])].slice(0, KEPT_OPERATIONS),
      outcome,
      ...(outcome.status !== "assigned" && former ? { former } : {}),
    };
    saveRegistration(store, registration);
    return {
      status: 202,
      headers: retryAfter(context),
      body: { operationId: operation.operationId, status: "assigning" },
    };
  });
}

/** The registration record of an authenticated device. */
export function lookUpStatus(context: Context, device: AuthenticatedDevice): ServiceResponse {
  return context.store.read((store) => {
    const registration = getRegistration(store, device.registrationId);
    if (registration === undefined) throw new Refusal("no-registration");
    return { status: 200, body: resultOf(registration, device) };
  });
}

/** What the device has for a webhook; bounded by the size and the depth that a body may have. */
function readPayload({ registrationId }: AuthenticatedDevice, body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  const sent = readBody(DeviceRegistration, body, "a device registration");
  if (sent.registrationId && !sameId(sent.registrationId, registrationId)) {
    throw new Refusal("bad-request", "registrationId is not the id in the path.");
  }
  return sent.payload ?? undefined;
}

/** The form that the service gives them: a digit, 16 hex digits and a GUID. */
function newOperationId(randomBytes: Context["randomBytes"]): string {
  return `5.${randomBytes(8).toString("hex")}.${randomGuid(randomBytes)}`;
}
