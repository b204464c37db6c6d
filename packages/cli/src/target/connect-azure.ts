import type { Context } from "../command.ts";
import { azureClients, idScopeOf, noIdScope } from "./azure-clients.ts";
import { type AzureService, describeService, isHidden, openService } from "./azure-service.ts";
import { readAzureSettings } from "./azure-settings.ts";
import type { Choice } from "./choose.ts";
import { writeConfirmation } from "./confirm-write.ts";
import type { Need } from "./connect.ts";
import type { Connection } from "./connection.ts";

type AzureChoice = Extract<Choice, { kind: "azure" }>;

/**
 * Connects to a service in Azure, and names it. With a connection string nobody signs in before
 * something needs it; without one the service is looked up first.
 *
 * @throws {CliError} `usage`, `target`, `not-confirmed`
 * @throws {DpsClientError} of the look-up
 */
export async function connectAzure(
  context: Context,
  choice: AzureChoice,
  { readOnly, needs }: { readOnly: boolean; needs: readonly Need[] },
): Promise<Connection> {
  const settings = await readAzureSettings(context, choice);
  const confirm = writeConfirmation(context, choice, readOnly);
  const service = await openService(context, settings, needs);
  const connection = azureClients(context, service);
  try {
    context.report.target(describeService(service));
    requireFound(service, needs);
    await confirm?.(settings.dpsName);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** What was looked up has to be there, unless the rest goes without it. */
function requireFound(service: AzureService, needs: readonly Need[]): void {
  const { settings, located, problem } = service;
  if (settings.connectionString === undefined && problem && !isHidden(service)) throw problem;
  if (needs.includes("devices") && idScopeOf(service) === undefined)
    throw noIdScope(settings, located, problem);
}

/** Where devices of another program connect to. */
export async function azureDeviceEndpoint(
  context: Context,
  choice: AzureChoice,
): Promise<{ host: string; idScope: string }> {
  const settings = await readAzureSettings(context, choice);
  const service = await openService(context, settings, ["devices"]);
  await service.services.close();
  context.report.target(describeService(service));
  requireFound(service, ["devices"]);
  return { host: new URL(settings.cloud.deviceEndpoint).host, idScope: idScopeOf(service) ?? "" };
}
