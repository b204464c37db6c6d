import { createHash } from "node:crypto";
import { DeviceRegistration, ERROR_CODE, idKey, sameId } from "@dps-certs/dps-protocol";
import { type Context, randomGuid } from "../context.ts";
import { nextEtag } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import { getGroup, type StoredGroup } from "../service/group-store.ts";
import type { Reader } from "../store/store.ts";
import { timestamp } from "../time.ts";
import type { AuthenticatedDevice } from "./authenticate.ts";
import {
  answerRegistration,
  getRegistration,
  type Operation,
  type Outcome,
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
  checkBody(device, body);
  return context.store.write((store) => {
    const group = getGroup(store, device.enrollmentGroupId);
    // The group may have gone since the device was authenticated.
    if (group?.incarnation !== device.incarnation) throw new Refusal("unauthorized");
    const now = context.now();
    const present = getRegistration(store, device.registrationId);
    const operation: Operation = {
      operationId: newOperationId(context.randomBytes),
      readyAt: now.getTime() + context.settings.retryAfterSeconds * 1000,
    };
    const registration: StoredRegistration = {
      registrationId: present?.registrationId ?? device.registrationId,
      group: group.incarnation,
      createdDateTimeUtc: present?.createdDateTimeUtc ?? timestamp(now),
      lastUpdatedDateTimeUtc: timestamp(now),
      etag: nextEtag(store, now),
      operations: [operation, ...(present?.operations ?? [])].slice(0, KEPT_OPERATIONS),
      outcome: outcomeOf(store, group, device.registrationId, present),
    };
    saveRegistration(store, registration);
    return {
      status: 202,
      headers: retryAfter(context),
      body: { operationId: operation.operationId, status: "assigning" },
    };
  });
}

/** The state of an operation: assigning until its time has come, then the outcome. */
export function poll(
  context: Context,
  device: AuthenticatedDevice,
  operationId: string,
): ServiceResponse {
  return context.store.read((store) => {
    const registration = getRegistration(store, device.registrationId);
    const operation = registration?.operations.find((one) => one.operationId === operationId);
    if (registration === undefined || operation === undefined) throw new Refusal("no-operation");
    if (context.now().getTime() < operation.readyAt) {
      const { registrationId } = registration;
      return {
        status: 202,
        headers: retryAfter(context),
        body: {
          operationId,
          status: "assigning",
          registrationState: { registrationId, status: "assigning" },
        },
      };
    }
    return {
      status: 200,
      body: {
        operationId,
        status: registration.outcome.status,
        registrationState: { x509: {}, ...answerRegistration(registration) },
      },
    };
  });
}

/** The registration record of an authenticated device. */
export function lookUpStatus(context: Context, device: AuthenticatedDevice): ServiceResponse {
  return context.store.read((store) => {
    const registration = getRegistration(store, device.registrationId);
    if (registration === undefined) throw new Refusal("no-registration");
    return { status: 200, body: { x509: {}, ...answerRegistration(registration) } };
  });
}

const retryAfter = ({ settings }: Context) => ({ "Retry-After": `${settings.retryAfterSeconds}` });

function checkBody({ registrationId }: AuthenticatedDevice, body: Uint8Array): void {
  if (body.length === 0) return;
  const sent = readBody(DeviceRegistration, body, "a device registration");
  if (sent.registrationId && !sameId(sent.registrationId, registrationId)) {
    throw new Refusal("bad-request", "registrationId is not the id in the path.");
  }
}

/** The form that the service gives them: a digit, 16 hex digits and a GUID. */
function newOperationId(randomBytes: Context["randomBytes"]): string {
  return `5.${randomBytes(8).toString("hex")}.${randomGuid(randomBytes)}`;
}

function outcomeOf(
  store: Reader,
  group: StoredGroup,
  registrationId: string,
  present: StoredRegistration | undefined,
): Outcome {
  if (group.provisioningStatus === "disabled") return { status: "disabled" };
  const hubs = hubsOf(group, readService(store).linkedHubs);
  const former = present?.outcome.status === "assigned" ? present.outcome.assignedHub : "";
  const assignedHub = hubs.includes(former) ? former : pick(hubs, registrationId);
  if (assignedHub !== undefined) return { status: "assigned", assignedHub };
  return {
    status: "failed",
    errorCode: ERROR_CODE.noHubLinked,
    errorMessage: "No IoT hub is linked to the provisioning service.",
  };
}

function hubsOf({ members }: StoredGroup, linked: readonly string[]): string[] {
  const { iotHubs, iotHubHostName } = members as { iotHubs?: string[]; iotHubHostName?: string };
  const wanted = iotHubs?.length ? iotHubs : iotHubHostName ? [iotHubHostName] : linked;
  return linked.filter((hub) => wanted.includes(hub));
}

/** Spreads devices evenly, and the same device always to the same hub. */
function pick(hubs: readonly string[], registrationId: string): string | undefined {
  const hash = createHash("sha256").update(idKey(registrationId)).digest().readUInt32BE(0);
  return hubs[hash % hubs.length];
}
