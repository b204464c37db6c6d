import { type Context, randomGuid } from "../context.ts";
import { nextEtag } from "../etag.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import type { Reader, Writer } from "../store/store.ts";
import { timestamp } from "../time.ts";
import { hubsFor } from "./allocation.ts";
import { allocationRequest } from "./allocation-request.ts";
import type { AuthenticatedDevice } from "./authenticate.ts";
import { deviceIdOf, type Enrollment, readEnrollment } from "./enrollment.ts";
import { NO_HUB } from "./outcome.ts";
import {
  type Assigning,
  getRegistration,
  lastAssignment,
  type Outcome,
  type StoredRegistration,
  saveRegistration,
} from "./registration-store.ts";
import { assign, reprovisionPolicyOf } from "./reprovision.ts";
import {
  type AllocationResponse,
  callWebhook,
  WEBHOOK_TIMEOUT_MS,
  type WebhookFailure,
} from "./webhook.ts";

/** How long a claim outlives the call that it is for: then the caller is taken for dead. */
const CLAIM_SLACK_MS = 5_000;
const CUSTOM_ALLOCATION_FAILED = 400207;

/**
 * Lets the enrollment's webhook say where a device belongs that waits for it. Who asks takes a claim
 * first, so that two polls make one call; the call holds no transaction; and a claim runs out, so that
 * the next poll asks again where a process ended in between.
 *
 * Nothing is done while another one asks.
 *
 * @throws {Refusal} `unauthorized` when the enrollment went meanwhile
 */
export async function settleByWebhook(
  context: Context,
  device: AuthenticatedDevice,
): Promise<void> {
  const claim = context.store.write((store) => takeClaim(context, store, device));
  if (claim === undefined) return;
  const { webhookTimeoutMs: timeoutMs, allowWebhooks = false } = context.settings;
  const { url, body } = claim;
  const answer = await callWebhook({ url, body, timeoutMs, allowAnywhere: allowWebhooks });
  context.store.write((store) => {
    const registration = getRegistration(store, device.registrationId);
    // Registered anew, deleted, or taken over by another process.
    if (pendingOf(registration)?.claim?.id !== claim.id || registration === undefined) return;
    const outcome = outcomeOf(store, registration, device, answer);
    saveRegistration(store, change(context, store, registration, outcome));
  });
}

const pendingOf = (registration: StoredRegistration | undefined): Assigning | undefined =>
  registration?.outcome.status === "assigning" ? registration.outcome : undefined;

function takeClaim(
  context: Context,
  store: Writer,
  device: AuthenticatedDevice,
): { id: string; url: string; body: unknown } | undefined {
  const registration = getRegistration(store, device.registrationId);
  const pending = pendingOf(registration);
  if (registration === undefined || pending === undefined) return undefined;
  const { webhookTimeoutMs = WEBHOOK_TIMEOUT_MS } = context.settings;
  const now = context.now().getTime();
  const until = now + webhookTimeoutMs + CLAIM_SLACK_MS;
  // A claim from the future is one of a clock that was set back.
  const isHeld =
    pending.claim !== undefined && now < pending.claim.until && pending.claim.until <= until;
  if (isHeld) return undefined;
  const enrollment = enrollmentOf(store, registration, device);
  const hubs = hubsOf(store, enrollment, registration);
  if (hubs.length === 0) {
    saveRegistration(store, change(context, store, registration, NO_HUB));
    return undefined;
  }
  const id = randomGuid(context.randomBytes);
  saveRegistration(store, { ...registration, outcome: { ...pending, claim: { id, until } } });
  return {
    id,
    ...allocationRequest({ enrollment, registration, device, hubs, payload: pending.payload }),
  };
}

function outcomeOf(
  store: Reader,
  registration: StoredRegistration,
  device: AuthenticatedDevice,
  answer: AllocationResponse | WebhookFailure,
): Outcome {
  const enrollment = enrollmentOf(store, registration, device);
  if (enrollment.record.provisioningStatus === "disabled") return { status: "disabled" };
  if ("failure" in answer) return failed(`${answer.failure}`);
  const wanted = answer.iotHubHostName.toLowerCase();
  const assignedHub = hubsOf(store, enrollment, registration).find(
    (hub) => hub.toLowerCase() === wanted,
  );
  if (assignedHub === undefined) return failed(": the webhook chose none of the linked hubs.");
  return assign({
    assignedHub,
    deviceId: deviceIdOf(enrollment, registration.registrationId),
    former: lastAssignment(registration),
    policy: reprovisionPolicyOf(enrollment.record.members),
    payload: answer.payload,
  });
}

/** The enrollment that the device registered through, and shows itself to belong to now. */
function enrollmentOf(
  store: Reader,
  registration: StoredRegistration,
  { enrollment: reference }: AuthenticatedDevice,
): Enrollment {
  const enrollment = readEnrollment(store, reference);
  if (enrollment?.record.incarnation === registration.group) return enrollment;
  throw new Refusal("unauthorized");
}

function hubsOf(store: Reader, { record }: Enrollment, registration: StoredRegistration): string[] {
  return hubsFor(record, readService(store), lastAssignment(registration)?.assignedHub);
}

function failed(end: string): Outcome {
  const errorMessage = `Custom allocation failed${end}`;
  return { status: "failed", errorCode: CUSTOM_ALLOCATION_FAILED, errorMessage };
}

function change(
  context: Context,
  store: Writer,
  registration: StoredRegistration,
  outcome: Outcome,
): StoredRegistration {
  const now = context.now();
  return {
    ...registration,
    outcome,
    lastUpdatedDateTimeUtc: timestamp(now),
    etag: nextEtag(store, now),
  };
}
