import { CLOUDS, type Cloud } from "@dps-certs/dps-client";
import { serviceNameProblem } from "@dps-certs/dps-protocol";
import { quote } from "../args.ts";
import type { Context } from "../command.ts";
import { CliError, usageError } from "../errors.ts";
import type { AzureOptions } from "./azure-options.ts";
import type { Choice } from "./choose.ts";
import { type GivenConnectionString, readConnectionString } from "./connection-string.ts";

/** A value, and the option or variable that it came from. */
interface Given {
  value: string;
  from: string;
}

/** A service in Azure, as far as it is known before anybody is asked. */
export interface AzureSettings {
  dpsName: string;
  /** Why this service: the target's and the name's origin. */
  why: string;
  cloud: Cloud;
  /** Whether somebody chose the cloud. */
  isCloudGiven: boolean;
  connectionString: GivenConnectionString | undefined;
  resourceGroup: Given | undefined;
  subscription: Given | undefined;
  idScope: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Clouds = Readonly<Record<string, Cloud>>;

/**
 * Puts together what options and environment say. An option counts before the variable that it stands
 * beside.
 *
 * @throws {CliError} `usage`, or `target` where no service is named or two are
 */
export async function readAzureSettings(
  context: Pick<Context, "io" | "report" | "azure">,
  { why }: Extract<Choice, { kind: "azure" }>,
): Promise<AzureSettings> {
  const { env, azure: access = {} } = context.io;
  const options = context.azure ?? {};
  const named = given(options.dpsName, "--dps-name", env, "DPS_NAME");
  const connectionString = await connectionStringFor(context, options);
  const clouds = access.clouds ?? CLOUDS;
  const host = connectionString?.parts.hostName ?? named?.value;
  const { cloud, isCloudGiven } = chooseCloud(options, env, clouds, host?.toLowerCase());
  const dpsName = serviceName(named, connectionString, cloud);
  const origin = connectionString?.from ?? named?.from ?? why;
  return {
    dpsName,
    why: origin === why ? why : `${why}, ${origin}`,
    cloud,
    isCloudGiven,
    connectionString,
    resourceGroup: given(options.resourceGroup, "--resource-group", env, "DPS_RESOURCE_GROUP"),
    subscription: given(options.subscription, "--subscription", env, "AZURE_SUBSCRIPTION_ID"),
    idScope: given(options.idScope, "--id-scope", env, "DPS_ID_SCOPE")?.value,
  };
}

function given(
  option: string | undefined,
  flag: string,
  env: Environment,
  variable: string,
): Given | undefined {
  if (option !== undefined) return { value: option, from: flag };
  const value = env[variable]?.trim();
  return value ? { value, from: variable } : undefined;
}

/** A name on the command line is the one that is meant, whatever the environment is set up for. */
async function connectionStringFor(
  context: Pick<Context, "io" | "report">,
  { dpsName, connectionStringFile }: AzureOptions,
): Promise<GivenConnectionString | undefined> {
  const reading = readConnectionString(context, connectionStringFile);
  if (dpsName === undefined || connectionStringFile !== undefined) return await reading;
  const found = await reading.catch(() => undefined);
  return found !== undefined && isOf(found, dpsName) ? found : undefined;
}

/** Whether it is the service's of that name, or of that host. */
function isOf({ parts }: GivenConnectionString, name: string): boolean {
  const [host, wanted] = [parts.hostName, name].map((one) => one.toLowerCase());
  return host === wanted || host?.startsWith(`${wanted}.`) === true;
}

/** @param host - of the service, or its name alone; in lower case */
function chooseCloud(
  options: AzureOptions,
  env: Environment,
  clouds: Clouds,
  host: string | undefined,
): Pick<AzureSettings, "cloud" | "isCloudGiven"> {
  const named = given(options.cloud, "--cloud", env, "AZURE_CLOUD_NAME");
  if (named === undefined) {
    const cloud = Object.values(clouds).find((one) => host?.endsWith(one.serviceHostSuffix));
    const usual = clouds.AzureCloud as Cloud;
    return { cloud: cloud ?? usual, isCloudGiven: cloud !== undefined && cloud !== usual };
  }
  const wanted = named.value.toLowerCase();
  const cloud = Object.values(clouds).find(({ name }) => name.toLowerCase() === wanted);
  if (cloud !== undefined) return { cloud, isCloudGiven: true };
  const names = Object.values(clouds).map(({ name }) => name);
  throw usageError(`${named.from} takes ${names.join(", ")}, not ${quote(named.value)}`);
}

function serviceName(
  named: Given | undefined,
  connectionString: GivenConnectionString | undefined,
  cloud: Cloud,
): string {
  if (connectionString !== undefined) {
    const found = nameOfHost(connectionString, cloud);
    if (named === undefined || isOf(connectionString, named.value)) return found;
    throw usageError(
      `${connectionString.from} is of ${found}, and ${named.from} names ${quote(named.value)}`,
      "leave one of them out, or name the service that is meant with --dps-name",
    );
  }
  if (named === undefined) {
    throw new CliError("target", "no provisioning service in Azure is named", {
      hint: "name it with --dps-name or DPS_NAME (az iot dps list shows which there are), or give its connection string in DPS_CONNECTION_STRING or --connection-string-file",
    });
  }
  // The host itself is what the portal shows, so it is taken as well.
  const suffix = cloud.serviceHostSuffix;
  const isHost = named.value.toLowerCase().endsWith(suffix);
  const name = isHost ? named.value.slice(0, -suffix.length) : named.value;
  const problem = serviceNameProblem(name);
  if (problem === undefined) return name;
  throw usageError(
    `${named.from}: ${quote(named.value)} cannot be a provisioning service's name: ${problem}`,
  );
}

function nameOfHost({ parts: { hostName }, from }: GivenConnectionString, cloud: Cloud): string {
  const host = hostName.toLowerCase();
  const name = host.endsWith(cloud.serviceHostSuffix)
    ? hostName.slice(0, -cloud.serviceHostSuffix.length)
    : undefined;
  if (name !== undefined && serviceNameProblem(name) === undefined) return name;
  const isLocal = /^(?:localhost|127\.|\[)/.test(host);
  throw new CliError(
    "target",
    `${from} names the host ${hostName}, which is no provisioning service of ${cloud.name}`,
    {
      hint: isLocal
        ? "for an emulator say where it is: --target URL or DPS_EMULATOR_URL, with DPS_EMULATOR_CA"
        : `its host ends in ${cloud.serviceHostSuffix}; other clouds are chosen with --cloud`,
    },
  );
}
