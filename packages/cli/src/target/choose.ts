import { resolve } from "node:path";
import { usageError } from "../errors.ts";
import type { AzureOptions } from "./azure-options.ts";

/** Where commands go, and why. */
export type Choice =
  | { kind: "embedded"; why: string }
  | { kind: "url"; url: URL; why: string }
  | { kind: "file"; file: string; why: string }
  | {
      kind: "azure";
      why: string;
      /** Nothing on the command line says Azure: a write is confirmed first. */
      byEnvironment: boolean;
    };

type Environment = Readonly<Record<string, string | undefined>>;

/** Options that have a meaning in Azure alone. */
const AZURE_ONLY = [
  ["--dps-name", "dpsName"],
  ["--resource-group", "resourceGroup"],
  ["--subscription", "subscription"],
  ["--id-scope", "idScope"],
  ["--cloud", "cloud"],
] as const;

/**
 * `--target` decides; else `--dps-name` means Azure; else DPS_EMULATOR_URL decides; else a connection
 * string or DPS_NAME mean Azure; else the embedded emulator.
 *
 * @throws {CliError} `usage` for a target that is none, or that the other options are not for
 */
export function chooseTarget(
  target: string | undefined,
  env: Environment,
  cwd: string,
  azure: AzureOptions = {},
): Choice {
  const choice = choose(target, env, cwd, azure);
  if (choice.kind !== "azure") refuseAzureOptions(choice, azure);
  return choice;
}

function choose(
  target: string | undefined,
  env: Environment,
  cwd: string,
  azure: AzureOptions,
): Choice {
  if (target !== undefined) return fromOption(target, cwd);
  const byOption = (why: string): Choice => ({ kind: "azure", why, byEnvironment: false });
  if (azure.dpsName !== undefined) return byOption("--dps-name");
  if (env.DPS_EMULATOR_URL) {
    const why = "DPS_EMULATOR_URL";
    return { kind: "url", url: parseUrl(env.DPS_EMULATOR_URL, why), why };
  }
  if (azure.connectionStringFile !== undefined) return byOption("--connection-string-file");
  const name = ["DPS_CONNECTION_STRING", "DPS_NAME"].find((variable) => env[variable]);
  if (name !== undefined) return { kind: "azure", why: name, byEnvironment: true };
  return { kind: "embedded", why: "no Azure settings found" };
}

function fromOption(target: string, cwd: string): Choice {
  const why = "--target";
  if (target === "azure") return { kind: "azure", why, byEnvironment: false };
  if (target === "embedded") return { kind: "embedded", why };
  if (/^https?:\/\//i.test(target)) return { kind: "url", url: parseUrl(target, "--target"), why };
  if (/^[a-z]+$/i.test(target)) {
    throw usageError(
      `--target takes azure, embedded, a URL or a file, not ${target}`,
      `for a file of that name write ./${target}`,
    );
  }
  return { kind: "file", file: resolve(cwd, target), why };
}

function parseUrl(text: string, from: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") throw usageError(`${from} must be an https URL`);
  if (url.username !== "" || url.password !== "") {
    throw usageError(`${from} must not hold a user name or password`);
  }
  return url;
}

/** Whoever says --resource-group means Azure, and must not write to an emulator unknowingly. */
function refuseAzureOptions({ kind, why }: Choice, azure: AzureOptions): void {
  const given = AZURE_ONLY.find(([, name]) => azure[name] !== undefined)?.[0];
  const isFile = azure.connectionStringFile !== undefined && kind !== "url";
  const option = given ?? (isFile ? "--connection-string-file" : undefined);
  if (option === undefined) return;
  const place = kind === "embedded" ? "the embedded emulator" : "an emulator";
  throw usageError(
    `${option} is for Azure, and the target is ${place} (${why})`,
    "say --target azure, or name the service with --dps-name",
  );
}
