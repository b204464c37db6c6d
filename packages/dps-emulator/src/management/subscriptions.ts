import { servicePath } from "@dps-certs/dps-protocol";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { ProvisioningService } from "../provisioning-service.ts";
import { LOCATION } from "./service-description.ts";

const NAMESPACE = "Microsoft.Devices";
/** What the resource provider lists; every well-formed version is answered. */
const API_VERSIONS = [
  ...["2026-08-31", "2026-08-01", "2026-04-01", "2022-12-12", "2022-02-05", "2021-10-15"],
  ...["2020-03-01", "2020-01-01", "2018-01-22", "2017-11-15"],
];

const one = (body: object): ServiceResponse => ({ status: 200, body });
const list = (...value: object[]): ServiceResponse => one({ value });

export function listSubscriptions(service: ProvisioningService): ServiceResponse {
  return one({ value: [subscriptionOf(service)], count: { type: "Total", value: 1 } });
}

export function getSubscription(service: ProvisioningService): ServiceResponse {
  return one(subscriptionOf(service));
}

export function listResourceGroups(service: ProvisioningService): ServiceResponse {
  return list(resourceGroupOf(service));
}

export function getResourceGroup(service: ProvisioningService): ServiceResponse {
  return one(resourceGroupOf(service));
}

export function listProviders(service: ProvisioningService): ServiceResponse {
  return list(providerOf(service));
}

/** @throws {Refusal} `no-provider` */
export function getProvider(service: ProvisioningService, namespace: string): ServiceResponse {
  if (namespace.toLowerCase() !== NAMESPACE.toLowerCase()) {
    throw new Refusal("no-provider", namespace);
  }
  return one(providerOf(service));
}

function subscriptionOf({ subscriptionId, tenantId }: ProvisioningService): object {
  return {
    id: `/subscriptions/${subscriptionId}`,
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionId,
    tenantId,
    displayName: "Emulated subscription",
    state: "Enabled",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}

function resourceGroupOf(service: ProvisioningService): object {
  const [id] = servicePath(service).split("/providers/");
  return {
    id,
    name: service.resourceGroup,
    type: "Microsoft.Resources/resourceGroups",
    location: LOCATION,
    properties: { provisioningState: "Succeeded" },
  };
}

function providerOf({ subscriptionId }: ProvisioningService): object {
  const locations = ["West US"];
  return {
    id: `/subscriptions/${subscriptionId}/providers/${NAMESPACE}`,
    namespace: NAMESPACE,
    resourceTypes: ["provisioningServices", "checkProvisioningServiceNameAvailability"].map(
      (resourceType) => ({ resourceType, locations, apiVersions: API_VERSIONS }),
    ),
    registrationState: "Registered",
    registrationPolicy: "RegistrationRequired",
  };
}
