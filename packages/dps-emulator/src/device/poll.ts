import type { Context } from "../context.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { AuthenticatedDevice } from "./authenticate.ts";
import { settleByWebhook } from "./custom-allocation.ts";
import {
  answerRegistration,
  getRegistration,
  type StoredRegistration,
} from "./registration-store.ts";

/**
 * The state of an operation: assigning until its time has come, then the outcome. Where a webhook
 * allocates, the first poll from then on waits for it.
 *
 * @throws {Refusal} `no-operation`, `unauthorized`
 */
export async function poll(
  context: Context,
  device: AuthenticatedDevice,
  operationId: string,
): Promise<ServiceResponse> {
  const found = findOperation(context, device, operationId);
  if (context.now().getTime() < found.readyAt) return assigning(context, operationId, found);
  if (found.registration.outcome.status !== "assigning") return final(operationId, found, device);
  await settleByWebhook(context, device);
  const settled = findOperation(context, device, operationId);
  return settled.registration.outcome.status === "assigning"
    ? assigning(context, operationId, settled)
    : final(operationId, settled, device);
}

interface Found {
  registration: StoredRegistration;
  readyAt: number;
}

function findOperation(
  { store }: Context,
  { registrationId }: AuthenticatedDevice,
  operationId: string,
): Found {
  const registration = store.read((reader) => getRegistration(reader, registrationId));
  const operation = registration?.operations.find((one) => one.operationId === operationId);
  if (registration === undefined || operation === undefined) throw new Refusal("no-operation");
  return { registration, readyAt: operation.readyAt };
}

function assigning(
  context: Context,
  operationId: string,
  { registration: { registrationId } }: Found,
): ServiceResponse {
  const status = "assigning";
  return {
    status: 202,
    headers: retryAfter(context),
    body: { operationId, status, registrationState: { registrationId, status } },
  };
}

function final(
  operationId: string,
  { registration }: Found,
  device: AuthenticatedDevice,
): ServiceResponse {
  const { status } = registration.outcome;
  return {
    status: 200,
    body: { operationId, status, registrationState: resultOf(registration, device) },
  };
}

/** The record as a device sees it: an X.509 one by an empty `x509`. */
export function resultOf(
  registration: StoredRegistration,
  { credential }: AuthenticatedDevice,
): object {
  const kind = credential.type === "x509" ? { x509: {} } : {};
  return { ...kind, ...answerRegistration(registration) };
}

export function retryAfter({ settings }: Context): Record<string, string> {
  return { "Retry-After": `${settings.retryAfterSeconds}` };
}
