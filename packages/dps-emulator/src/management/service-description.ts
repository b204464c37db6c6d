import { servicePath } from "@dps-certs/dps-protocol";
import { hostNameOf, type ProvisioningService } from "../provisioning-service.ts";

/** Where the emulated resources are said to be. */
export const LOCATION = "westus";
const SERVICE_TYPE = "Microsoft.Devices/provisioningServices";
/** Bytes of a resource's etag: `AAAAAA3e0YI=`. */
const ETAG_BYTES = 8;
const FIRST_ETAG = 0x0d000000;

/** What a change says of itself that is still under way; the emulator's are done by then. */
export const TRANSITIONING: Readonly<Record<string, unknown>> = {
  state: "Transitioning",
  provisioningState: "Accepted",
  idScope: null,
};

export function etagOf({ revision }: ProvisioningService): string {
  const bytes = Buffer.alloc(ETAG_BYTES);
  bytes.writeUInt32BE(FIRST_ETAG + revision, ETAG_BYTES - 4);
  return bytes.toString("base64");
}

/**
 * The service as a resource, members as the service writes them: lower-case `resourcegroup` and
 * `subscriptionid`, no `authorizationPolicies`.
 *
 * @param changes - members of `properties` that differ
 */
export function describe(
  service: ProvisioningService,
  changes: Readonly<Record<string, unknown>> = {},
): object {
  const { dpsName, resourceGroup, subscriptionId, tags, allocationPolicy, idScope } = service;
  return {
    etag: etagOf(service),
    name: dpsName,
    location: LOCATION,
    properties: {
      state: "Active",
      provisioningState: "Succeeded",
      iotHubs: service.linkedHubs.map((name) => describeHub(service, name)),
      allocationPolicy,
      serviceOperationsHostName: hostNameOf(service),
      deviceProvisioningHostName: "global.azure-devices-provisioning.net",
      idScope,
      ...changes,
    },
    resourcegroup: resourceGroup,
    type: SERVICE_TYPE,
    id: servicePath(service),
    subscriptionid: subscriptionId,
    tags,
    sku: { name: "S1", tier: "Standard", capacity: 1 },
  };
}

function describeHub({ hubDetails }: ProvisioningService, name: string): object {
  return {
    name,
    connectionString: `HostName=${name};SharedAccessKeyName=iothubowner;SharedAccessKey=****`,
    location: LOCATION,
    ...hubDetails[name],
  };
}
