import type { LinkedHub } from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";
import type { HubDetails, ProvisioningService } from "../provisioning-service.ts";

/** Hubs that one service is linked to. */
const MAX_HUBS = 50;
/** The largest int32, which is the type of the service's own. */
const MAX_WEIGHT = 2 ** 31 - 1;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/;

/**
 * Links the service to these hubs and no others. Of a connection string only the host is kept.
 *
 * @throws {Refusal} `bad-request`, without quoting a connection string
 */
export function replaceHubs(
  hubs: readonly LinkedHub[],
): Pick<ProvisioningService, "hubDetails" | "linkedHubs"> {
  if (hubs.length > MAX_HUBS) {
    throw new Refusal("bad-request", `A service is linked to ${MAX_HUBS} IoT hubs at most.`);
  }
  const hubDetails: Record<string, HubDetails> = {};
  for (const hub of hubs) {
    const name = nameOf(hub);
    if (Object.keys(hubDetails).some((other) => other.toLowerCase() === name.toLowerCase())) {
      throw new Refusal("bad-request", `The IoT hub ${name} is linked twice.`);
    }
    hubDetails[name] = detailsOf(hub);
  }
  return { hubDetails, linkedHubs: Object.keys(hubDetails) };
}

function nameOf({ connectionString, hostName, name }: LinkedHub): string {
  const host = /(?:^|;)\s*HostName=([^;]*)/i.exec(connectionString ?? "")?.[1];
  const found = (host ?? hostName ?? name ?? "").trim();
  if (HOST.test(found)) return found;
  throw new Refusal(
    "bad-request",
    "A linked IoT hub has no host name: it is read from connectionString, hostName or name.",
  );
}

function detailsOf(hub: LinkedHub): HubDetails {
  if (!hub.location) throw new Refusal("bad-request", "A linked IoT hub has no location.");
  const { location, applyAllocationPolicy, allocationWeight } = hub;
  if (typeof allocationWeight === "number" && !isWeight(allocationWeight)) {
    throw new Refusal("bad-request", "An allocationWeight is a whole number, and not negative.");
  }
  return {
    location,
    ...(typeof applyAllocationPolicy === "boolean" ? { applyAllocationPolicy } : {}),
    ...(typeof allocationWeight === "number" ? { allocationWeight } : {}),
  };
}

const isWeight = (value: number) => Number.isInteger(value) && value >= 0 && value <= MAX_WEIGHT;
