import {
  type Cloud,
  DpsClientError,
  type FoundService,
  isDpsClientError,
  ProvisioningServicesClient,
} from "@dps-certs/dps-client";
import { serviceNameProblem } from "@dps-certs/dps-protocol";
import type { AzureAccess, TokenCredential } from "./azure-access.ts";
import type { AzureSettings } from "./azure-settings.ts";

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The version of Azure Resource Manager's interface that tells whether a service takes keys. */
export const LOCAL_AUTH_SINCE = "2026-08-31";

/**
 * A client of Azure Resource Manager; the caller closes it.
 *
 * @param apiVersion - @default dps-client's
 */
export function servicesClient(
  { cloud }: Pick<AzureSettings, "cloud">,
  credential: TokenCredential,
  { ca }: AzureAccess,
  apiVersion?: string,
): ProvisioningServicesClient {
  return new ProvisioningServicesClient({
    apiVersion,
    endpoint: cloud.managementEndpoint,
    scope: cloud.managementScope,
    credential,
    ca,
  });
}

/**
 * Looks the service up in Azure Resource Manager.
 *
 * @throws {DpsClientError} `credential` where nobody is signed in, `not-found`, `ambiguous`; the hint
 *   says which option or variable narrowed the search; `protocol` where its host is none of the cloud's
 */
export async function locate(
  services: ProvisioningServicesClient,
  settings: Pick<AzureSettings, "cloud" | "dpsName" | "resourceGroup" | "subscription">,
): Promise<FoundService> {
  const { dpsName, resourceGroup, subscription } = settings;
  const subscriptionId = await subscriptionIdOf(services, subscription);
  const scope = { subscriptionId, resourceGroup: resourceGroup?.value };
  const found = await services.find(dpsName, scope).catch((error: unknown) => {
    throw isDpsClientError(error, "not-found", "ambiguous") ? withHint(error, settings) : error;
  });
  requireOwnHost(found, settings.cloud);
  return found;
}

/** A token that opens every service of this identity's is sent there. */
function requireOwnHost({ dpsName, description }: FoundService, cloud: Cloud): void {
  const host = description.properties.serviceOperationsHostName?.toLowerCase();
  const suffix = cloud.serviceHostSuffix;
  const isOwn = host?.endsWith(suffix) && !serviceNameProblem(host.slice(0, -suffix.length));
  // A service that is being made has none yet.
  if (!host || isOwn) return;
  throw new DpsClientError(
    "protocol",
    `${dpsName} is said to be at ${host}, which is no host of ${cloud.name}'s services`,
    { hint: "check --cloud and AZURE_CLOUD_NAME" },
  );
}

const withHint = (error: DpsClientError, settings: Parameters<typeof wayOut>[1]): DpsClientError =>
  new DpsClientError(error.code, error.message, { ...error, hint: wayOut(error, settings) });

/**
 * Whether a service takes no keys (`disableLocalAuth`). Versions before say nothing of it; where the
 * cloud does not have that version yet, its services have no such setting.
 *
 * @param client - speaks {@link LOCAL_AUTH_SINCE}; it is closed
 */
export async function takesNoKeys(
  client: Pick<ProvisioningServicesClient, "close" | "get">,
  located: FoundService,
): Promise<boolean> {
  try {
    return (await client.get(located)).properties.disableLocalAuth === true;
  } catch (error) {
    if (isDpsClientError(error, "bad-request")) return false;
    throw error;
  } finally {
    await client.close();
  }
}

/** People know subscriptions by name; the service knows them by id. */
async function subscriptionIdOf(
  services: ProvisioningServicesClient,
  subscription: AzureSettings["subscription"],
): Promise<string | undefined> {
  if (subscription === undefined || ID.test(subscription.value)) return subscription?.value;
  const wanted = subscription.value.toLowerCase();
  const ids: string[] = [];
  for await (const { displayName, subscriptionId } of services.subscriptions()) {
    if (displayName.toLowerCase() === wanted) ids.push(subscriptionId);
  }
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return only;
  throw new DpsClientError(
    ids.length === 0 ? "not-found" : "ambiguous",
    `${subscription.from}: ${ids.length === 0 ? "this identity sees no subscription" : `${ids.length} subscriptions are`} named ${subscription.value}`,
    { hint: "az account list shows names and ids; take the id" },
  );
}

function wayOut(
  { code, hint }: DpsClientError,
  { resourceGroup, subscription }: Pick<AzureSettings, "resourceGroup" | "subscription">,
): string | undefined {
  if (code === "ambiguous") return "say which one with --subscription and --resource-group";
  const narrowed = [subscription, resourceGroup].flatMap((one) => (one ? [one.from] : []));
  if (narrowed.length === 0) return hint;
  return `check the name and ${narrowed.join(" and ")}, or leave ${narrowed.length > 1 ? "these" : "that"} out to look everywhere (az iot dps list shows what there is)`;
}

/** Calls `make` when it is first needed, and keeps what comes of it; a failure is not kept. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
