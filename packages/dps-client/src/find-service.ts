import type {
  ProvisioningServiceDescription,
  ServiceResource,
  SubscriptionList,
} from "@dps-certs/dps-protocol";
import type { InferOutput } from "valibot";
import { DpsClientError, isDpsClientError } from "./errors.ts";

/** A subscription, as Azure Resource Manager describes it. */
export type Subscription = InferOutput<typeof SubscriptionList>["value"][number];

export interface FindScope {
  /** @default every subscription that the identity sees */
  subscriptionId?: string | undefined;
  /** @default every resource group */
  resourceGroup?: string | undefined;
}

/** A service, where it is and how it says it is. */
export interface FoundService extends ServiceResource {
  description: ProvisioningServiceDescription;
}

interface Signal {
  signal?: AbortSignal | undefined;
}

/** What `findService` asks of a client. */
export interface ServiceDirectory {
  subscriptions: (options: Signal) => AsyncIterable<Subscription>;
  list: (
    options: { subscriptionId: string; resourceGroup?: string | undefined } & Signal,
  ) => AsyncIterable<ProvisioningServiceDescription>;
}

const RESOURCE =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Devices\/provisioningServices\/([^/]+)$/i;

/**
 * Where a service is, by its resource id.
 *
 * @throws {DpsClientError} `protocol` for what is no id of a provisioning service
 */
export function parseResourceId(id: string): ServiceResource {
  const [, subscriptionId, resourceGroup, dpsName] = RESOURCE.exec(id) ?? [];
  if (subscriptionId && resourceGroup && dpsName) {
    return { subscriptionId, resourceGroup, dpsName };
  }
  throw new DpsClientError("protocol", "a service's id is not a provisioning service's");
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

interface Searched {
  found: FoundService[];
  refused: boolean;
}

async function search(
  directory: ServiceDirectory,
  dpsName: string,
  scope: { subscriptionId: string; resourceGroup?: string | undefined } & Signal,
): Promise<Searched> {
  const wanted = dpsName.toLowerCase();
  try {
    const services = await all(directory.list(scope));
    const found = services
      .filter(({ name }) => name.toLowerCase() === wanted)
      .map((description) => ({ ...parseResourceId(description.id), description }));
    return { found, refused: false };
  } catch (error) {
    // Where nobody ever made one: the resource provider is not registered with the subscription.
    if (isDpsClientError(error) && error.errorCode === "MissingSubscriptionRegistration") {
      return { found: [], refused: false };
    }
    // One subscription or group that the identity may not look into must not hide the others.
    if (!isDpsClientError(error, "forbidden", "not-found")) throw error;
    const lacksGroup = error.code === "not-found" && scope.resourceGroup !== undefined;
    return { found: [], refused: !lacksGroup };
  }
}

function notFound(
  dpsName: string,
  { subscriptionId, resourceGroup }: FindScope,
  searched: readonly Searched[],
): DpsClientError {
  const plural = searched.length === 1 ? "" : "s";
  const place =
    subscriptionId === undefined
      ? `what this identity sees (${searched.length} subscription${plural})`
      : `subscription ${subscriptionId}`;
  const group = resourceGroup === undefined ? "" : `resource group ${resourceGroup} of `;
  const refused = searched.filter((one) => one.refused).length;
  const refusal = refused === 0 ? "" : `; ${refused} of ${searched.length} refused to say`;
  const hint =
    subscriptionId === undefined && resourceGroup === undefined
      ? "Check the name, and who is signed in (`az account show`); the identity needs the Reader role on the service."
      : "Check the name, the subscription and the resource group, or leave the latter two out to look everywhere.";
  return new DpsClientError(
    "not-found",
    `find provisioning service ${dpsName}: there is none of that name in ${group}${place}${refusal}`,
    { hint },
  );
}

function ambiguous(dpsName: string, found: readonly FoundService[]): DpsClientError {
  const places = found.map((one) => `${one.resourceGroup} in ${one.subscriptionId}`).join(", ");
  return new DpsClientError(
    "ambiguous",
    `find provisioning service ${dpsName}: there are ${found.length} of that name (${places})`,
    { hint: "Give the subscription and the resource group of the one that is meant." },
  );
}

/** @throws {DpsClientError} `not-found`, `ambiguous` */
export async function findService(
  directory: ServiceDirectory,
  dpsName: string,
  { subscriptionId, resourceGroup, signal }: FindScope & Signal,
): Promise<FoundService> {
  const ids =
    subscriptionId === undefined
      ? (await all(directory.subscriptions({ signal }))).map((one) => one.subscriptionId)
      : [subscriptionId];
  const searched = await Promise.all(
    ids.map((id) => search(directory, dpsName, { subscriptionId: id, resourceGroup, signal })),
  );
  const found = searched.flatMap((one) => one.found);
  const [first, second] = found;
  if (second !== undefined) throw ambiguous(dpsName, found);
  if (first === undefined) throw notFound(dpsName, { subscriptionId, resourceGroup }, searched);
  return first;
}
