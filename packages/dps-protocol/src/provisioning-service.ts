/** The provisioning service itself, and what holds it, as Azure Resource Manager speaks of them. */
import * as v from "valibot";
import { openNames } from "./schema.ts";

/** Rights of a shared access policy; a policy's text joins several with a comma and a space. */
export const ACCESS_RIGHTS = [
  "ServiceConfig",
  "EnrollmentRead",
  "EnrollmentWrite",
  "DeviceConnect",
  "RegistrationStatusRead",
  "RegistrationStatusWrite",
] as const;
export type AccessRight = (typeof ACCESS_RIGHTS)[number];

/** A shared access policy with its keys, which are secrets. */
export const SharedAccessPolicy = v.looseObject({
  keyName: v.string(),
  primaryKey: v.nullish(v.string()),
  secondaryKey: v.nullish(v.string()),
  rights: v.string(),
});
export type SharedAccessPolicy = v.InferOutput<typeof SharedAccessPolicy>;

/** Answer to `listkeys`. */
export const SharedAccessPolicyList = v.looseObject({ value: v.array(SharedAccessPolicy) });

/** An IoT hub that is linked to a service. */
export const LinkedHub = v.looseObject({
  /** Host name of the hub; the service reads it from the connection string. */
  name: v.nullish(v.string()),
  hostName: v.nullish(v.string()),
  /** Masked in answers. */
  connectionString: v.nullish(v.string()),
  location: v.nullish(v.string()),
  applyAllocationPolicy: v.nullish(v.boolean()),
  allocationWeight: v.nullish(v.number()),
});
export type LinkedHub = v.InferOutput<typeof LinkedHub>;

const Tags = v.record(v.string(), v.string());
/** In Pascal case here, in camel case in the data plane. */
const ALLOCATION_POLICIES = ["Hashed", "GeoLatency", "Static"] as const;

const serviceProperties = <P extends v.GenericSchema<string>>(allocationPolicy: P) => ({
  state: v.nullish(v.string()),
  provisioningState: v.nullish(v.string()),
  iotHubs: v.nullish(v.array(LinkedHub)),
  allocationPolicy: v.nullish(allocationPolicy),
  serviceOperationsHostName: v.nullish(v.string()),
  deviceProvisioningHostName: v.nullish(v.string()),
  /** Null while a change is under way. */
  idScope: v.nullish(v.string()),
  /** With keys in the answer to a PUT that sent them, absent otherwise. */
  authorizationPolicies: v.nullish(v.array(SharedAccessPolicy)),
});

/** Body of PUT on a service. */
export const ProvisioningServiceUpdate = v.looseObject({
  properties: v.nullish(v.looseObject(serviceProperties(v.picklist(ALLOCATION_POLICIES)))),
  tags: v.nullish(Tags),
});
export type ProvisioningServiceUpdate = v.InferOutput<typeof ProvisioningServiceUpdate>;

/** Body of PATCH on a service. */
export const TagsUpdate = v.looseObject({ tags: v.nullish(Tags) });

export const ProvisioningServiceDescription = v.looseObject({
  id: v.string(),
  name: v.string(),
  type: v.string(),
  location: v.string(),
  /** None while the service is being made. */
  etag: v.nullish(v.string()),
  tags: v.nullish(Tags),
  resourcegroup: v.nullish(v.string()),
  subscriptionid: v.nullish(v.string()),
  /** Without a capacity where the service was made so. */
  sku: v.looseObject({
    name: v.string(),
    tier: v.nullish(v.string()),
    capacity: v.nullish(v.number()),
  }),
  properties: v.looseObject(serviceProperties(openNames(ALLOCATION_POLICIES))),
});
export type ProvisioningServiceDescription = v.InferOutput<typeof ProvisioningServiceDescription>;

export const ProvisioningServiceList = v.looseObject({
  value: v.array(ProvisioningServiceDescription),
});

/** Body of `checkProvisioningServiceNameAvailability`. */
export const NameAvailabilityRequest = v.looseObject({ name: v.string() });
export const NameAvailability = v.looseObject({
  nameAvailable: v.boolean(),
  /** `Invalid` even when the name is available. */
  reason: v.nullish(openNames(["Invalid", "AlreadyExists"])),
  message: v.nullish(v.string()),
});

export const SkuList = v.looseObject({ value: v.array(v.looseObject({ name: v.string() })) });

/** What an `azure-asyncoperation` address answers. */
export const AsyncOperation = v.looseObject({ status: v.string() });

export const Subscription = v.looseObject({
  id: v.string(),
  subscriptionId: v.string(),
  displayName: v.string(),
  state: v.string(),
  tenantId: v.nullish(v.string()),
});
export const SubscriptionList = v.looseObject({ value: v.array(Subscription) });

export const ResourceGroup = v.looseObject({
  id: v.string(),
  name: v.string(),
  location: v.string(),
  properties: v.looseObject({ provisioningState: v.string() }),
});
export const ResourceGroupList = v.looseObject({ value: v.array(ResourceGroup) });

export const ResourceProvider = v.looseObject({
  id: v.string(),
  namespace: v.string(),
  registrationState: v.string(),
  resourceTypes: v.array(
    v.looseObject({
      resourceType: v.string(),
      locations: v.array(v.string()),
      apiVersions: v.array(v.string()),
    }),
  ),
});
export const ResourceProviderList = v.looseObject({ value: v.array(ResourceProvider) });

/** Says why `name` is no name for a provisioning service; undefined when it is one. */
export function serviceNameProblem(name: string): string | undefined {
  if (/^(?![0-9]+$)(?!-)[a-zA-Z0-9-]{2,63}[a-zA-Z0-9]$/.test(name)) return undefined;
  return "a service's name has 3 to 64 letters, digits and hyphens, not digits alone, and no hyphen at an end";
}
