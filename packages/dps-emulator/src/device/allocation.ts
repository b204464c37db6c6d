import { createHash } from "node:crypto";
import { idKey } from "@dps-certs/dps-protocol";
import type { ProvisioningService } from "../provisioning-service.ts";
import type { StoredRecord } from "../service/record.ts";
import { reprovisionPolicyOf } from "./reprovision.ts";

export type AllocationPolicy = "custom" | "hashed" | "static";

type Service = Pick<ProvisioningService, "allocationPolicy" | "hubDetails" | "linkedHubs">;

/** The enrollment's own policy, or the service's. Nothing is near or far here: lowest latency is a hash. */
export function allocationPolicyOf({ members }: StoredRecord, service: Service): AllocationPolicy {
  const policy = `${members.allocationPolicy ?? service.allocationPolicy}`.toLowerCase();
  return policy === "static" || policy === "custom" ? policy : "hashed";
}

/**
 * The hubs that a device can be assigned to, in the order of preference: of the linked ones those
 * that the enrollment names, or all. Where a device is never reprovisioned, that is the hub it has.
 *
 * @param current - the hub that the device is assigned to
 */
export function hubsFor(
  { members }: StoredRecord,
  { linkedHubs, hubDetails }: Service,
  current: string | undefined,
): string[] {
  const stays = !reprovisionPolicyOf(members).updateHubAssignment;
  if (stays && current !== undefined && linkedHubs.includes(current)) return [current];
  const named = namedHubs(members);
  const linked = (name: string) =>
    linkedHubs.filter((hub) => hub.toLowerCase() === name.toLowerCase());
  const wanted = named.length > 0 ? [...new Set(named.flatMap(linked))] : linkedHubs;
  return wanted.filter((hub) => hubDetails[hub]?.applyAllocationPolicy !== false);
}

function namedHubs({ iotHubs, iotHubHostName }: Readonly<Record<string, unknown>>): string[] {
  const named = Array.isArray(iotHubs) && iotHubs.length > 0 ? iotHubs : [iotHubHostName];
  return named.filter((name) => typeof name === "string" && name !== "");
}

/**
 * Chooses a device's hub without asking anybody: `static` takes the first one, `hashed` spreads the
 * devices by the hubs' weights, and leaves a device where it is as long as that hub is among them.
 */
export function allocate(input: {
  policy: Exclude<AllocationPolicy, "custom">;
  hubs: readonly string[];
  current: string | undefined;
  registrationId: string;
  service: Service;
}): string | undefined {
  const { policy, hubs, current, registrationId, service } = input;
  if (policy === "static") return hubs[0];
  if (current !== undefined && hubs.includes(current)) return current;
  const weights = hubs.map((hub) => service.hubDetails[hub]?.allocationWeight ?? 1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = fractionOf(registrationId) * total;
  return hubs.find((_hub, index) => {
    rest -= weights[index] ?? 0;
    return rest < 0;
  });
}

/** From 0 to 1, the same for the same device. */
function fractionOf(registrationId: string): number {
  const digest = createHash("sha256").update(idKey(registrationId)).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
