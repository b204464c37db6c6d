import {
  type DpsClientError,
  type FoundService,
  isDpsClientError,
  type ProvisioningServicesClient,
} from "@dps-certs/dps-client";
import type { Context } from "../command.ts";
import type { TokenCredential } from "./azure-access.ts";
import type { AzureSettings } from "./azure-settings.ts";
import type { Need } from "./connect.ts";
import { createAzureCredential, sharedCredential } from "./credential.ts";
import { locate, once, servicesClient } from "./locate.ts";

/** A service in Azure, as far as it is known. */
export interface AzureService {
  settings: AzureSettings;
  credential: TokenCredential;
  /** The caller closes it. */
  services: ProvisioningServicesClient;
  /** Looks the service up in Azure Resource Manager, once. */
  find: () => Promise<FoundService>;
  /** Undefined where it was not looked up, or not found. */
  located: FoundService | undefined;
  /** Why it was not found. */
  problem: DpsClientError | undefined;
}

/** What came of looking a service up. */
export type LookUp = Pick<AzureService, "located" | "problem">;

/**
 * Gets ready to sign in, and looks the service up where that is needed: nobody has to sign in for what a
 * connection string opens, nor for devices whose ID scope is given.
 */
export async function openService(
  { io: { azure: access = {}, env, now } }: Pick<Context, "io">,
  settings: AzureSettings,
  needs: readonly Need[],
): Promise<AzureService> {
  const { cloud, isCloudGiven, subscription, connectionString, idScope } = settings;
  const hints = {
    cloud,
    isCloudGiven,
    subscription: subscription?.value,
    tenantId: env.AZURE_TENANT_ID,
  };
  const { createCredential = (given) => createAzureCredential(given, env) } = access;
  const credential = sharedCredential(
    () => createCredential(hints),
    () => now().getTime(),
  );
  const services = servicesClient(settings, credential, access);
  const find = once(() => locate(services, settings));
  const service = { settings, credential, services, find };
  const forDevices = needs.includes("devices");
  const isOpen = connectionString !== undefined || (forDevices && needs.length === 1);
  if (isOpen && (!forDevices || idScope !== undefined)) {
    return { ...service, located: undefined, problem: undefined };
  }
  try {
    return { ...service, ...(await lookUp(service)) };
  } catch (error) {
    await services.close();
    throw error;
  }
}

/** The service, or why Azure Resource Manager shows none. */
export async function lookUp({ find }: Pick<AzureService, "find">): Promise<LookUp> {
  try {
    return { located: await find(), problem: undefined };
  } catch (error) {
    if (isDpsClientError(error)) return { located: undefined, problem: error };
    throw error;
  }
}

/**
 * An identity may have a role for enrollments and none in Azure Resource Manager, which then shows it
 * nothing. The service's host follows from its name. Who says on the command line where the service is
 * and is wrong about it is told so.
 */
export function isHidden({
  settings,
  problem,
}: Pick<AzureService, "problem" | "settings">): boolean {
  const { subscription, resourceGroup } = settings;
  const isPlaced = [subscription, resourceGroup].some((given) => given?.from.startsWith("--"));
  return !isPlaced && isDpsClientError(problem, "not-found", "forbidden");
}

/** The name of the service, where it is, and why it is the target. */
export function describeService(service: AzureService): string {
  const { settings, located } = service;
  const { dpsName, cloud, why } = settings;
  const details = [
    ...(cloud.name === "AzureCloud" ? [] : [cloud.name]),
    ...(located === undefined ? [] : [`resource group ${located.resourceGroup}`]),
    ...(located === undefined ? [] : [`subscription …${located.subscriptionId.slice(-4)}`]),
    ...(isHidden(service) ? ["not shown by Azure Resource Manager"] : []),
  ].join(", ");
  return `Azure DPS ${dpsName}${details === "" ? "" : ` (${details})`} (${why})`;
}
