import type { Args } from "../args.ts";
import type { OptionSpec } from "../command.ts";

/** What the command line says of a service in Azure. */
export interface AzureOptions {
  dpsName?: string | undefined;
  resourceGroup?: string | undefined;
  /** Id or name. */
  subscription?: string | undefined;
  cloud?: string | undefined;
  connectionStringFile?: string | undefined;
  idScope?: string | undefined;
}

/** Every command takes these, for any of them may go to Azure. */
export const AZURE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "dps-name": { describe: "provisioning service in Azure  [default: DPS_NAME]" },
  "resource-group": { describe: "its resource group  [default: looked up]" },
  subscription: { describe: "its subscription, id or name  [default: looked up]" },
  "connection-string-file": {
    describe: "file with its connection string  [default: DPS_CONNECTION_STRING]",
  },
  "id-scope": { describe: "its ID scope, which devices register with  [default: looked up]" },
  cloud: { describe: "AzureCloud, AzureChinaCloud or AzureUSGovernment" },
};

export function readAzureOptions(args: Args): AzureOptions {
  return {
    dpsName: args.text("dps-name"),
    resourceGroup: args.text("resource-group"),
    subscription: args.text("subscription"),
    cloud: args.text("cloud"),
    connectionStringFile: args.text("connection-string-file"),
    idScope: args.text("id-scope"),
  };
}
