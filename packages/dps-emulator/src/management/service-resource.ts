import {
  NameAvailabilityRequest,
  ProvisioningServiceUpdate,
  serviceNameProblem,
  servicePath,
  TagsUpdate,
} from "@dps-certs/dps-protocol";
import { type Context, randomGuid } from "../context.ts";
import { allowsWriteUnquoted } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { type ProvisioningService, readService, writeService } from "../provisioning-service.ts";
import { replaceHubs } from "./linked-hubs.ts";
import { replacePolicies } from "./policies.ts";
import { describe, etagOf, LOCATION, TRANSITIONING } from "./service-description.ts";

export function getService(context: Context): ServiceResponse {
  return { status: 200, body: describe(context.store.read(readService)) };
}

export function listServices(context: Context): ServiceResponse {
  return { status: 200, body: { value: [describe(context.store.read(readService))] } };
}

/**
 * Changes the service. As the service answers every PUT: 201, "Transitioning", without an ID scope, and
 * with the address of an operation, which the emulator has finished by then.
 *
 * @param origin - `https://host:port` by which the client reached the emulator
 */
export function putService(
  context: Context,
  input: { body: Uint8Array; ifMatch: string | undefined; origin: string; apiVersion: string },
): ServiceResponse {
  const update = readBody(ProvisioningServiceUpdate, input.body, "a provisioning service");
  const { authorizationPolicies, iotHubs, allocationPolicy } = update.properties ?? {};
  return context.store.write((store) => {
    const present = readService(store);
    requireMatch(input.ifMatch, present);
    const service: ProvisioningService = {
      ...present,
      ...(update.tags ? { tags: update.tags } : {}),
      ...(allocationPolicy ? { allocationPolicy } : {}),
      ...(iotHubs ? replaceHubs(iotHubs) : {}),
      ...(authorizationPolicies
        ? { policies: replacePolicies(context, present.policies, authorizationPolicies) }
        : {}),
      revision: present.revision + 1,
    };
    writeService(store, service);
    const sent = authorizationPolicies ? { authorizationPolicies: service.policies } : {};
    return {
      status: 201,
      headers: { "azure-asyncoperation": operationAddress(context, service, input) },
      body: describe(service, { ...TRANSITIONING, ...sent }),
    };
  });
}

export function patchService(
  context: Context,
  { body, ifMatch }: { body: Uint8Array; ifMatch: string | undefined },
): ServiceResponse {
  const { tags } = readBody(TagsUpdate, body, "an update of tags");
  return context.store.write((store) => {
    const present = readService(store);
    requireMatch(ifMatch, present);
    const service = { ...present, tags: tags ?? present.tags, revision: present.revision + 1 };
    writeService(store, service);
    return { status: 200, body: describe(service) };
  });
}

/** The operation of a PUT, under the name that its answer gave. */
export function getOperation(operation: string): ServiceResponse {
  const id = Buffer.from(operation, "base64").toString("utf8");
  if (!/^id=os_id_[0-9a-f-]{36};region=\w+$/.test(id)) throw new Refusal("no-operation");
  return { status: 200, body: { status: "Succeeded" } };
}

export function listSkus(): ServiceResponse {
  return { status: 200, body: { value: [{ name: "S1" }] } };
}

export function checkName(context: Context, body: Uint8Array): ServiceResponse {
  const { name } = readBody(NameAvailabilityRequest, body, "a name to check");
  const { dpsName } = context.store.read(readService);
  const problem = serviceNameProblem(name);
  const isTaken = problem === undefined && name.toLowerCase() === dpsName;
  return {
    status: 200,
    body: {
      nameAvailable: problem === undefined && !isTaken,
      // Recorded: "Invalid" even when the name is available.
      reason: isTaken ? "AlreadyExists" : "Invalid",
      message: isTaken ? `The name '${dpsName}' is in use.` : (problem ?? null),
    },
  };
}

function requireMatch(ifMatch: string | undefined, service: ProvisioningService): void {
  if (ifMatch === undefined || allowsWriteUnquoted(ifMatch, etagOf(service))) return;
  throw new Refusal("invalid-etag");
}

function operationAddress(
  context: Context,
  service: ProvisioningService,
  { origin, apiVersion }: { origin: string; apiVersion: string },
): string {
  const id = `id=os_id_${randomGuid(context.randomBytes)};region=${LOCATION}`;
  const name = encodeURIComponent(Buffer.from(id).toString("base64"));
  // `asyncinfo` has no value, as it was recorded.
  const query = `api-version=${apiVersion}&asyncinfo`;
  return `${origin}${servicePath(service)}/operationResults/${name}?${query}`;
}
