import { resolve } from "node:path";
import {
  ConnectionStringError,
  parseConnectionString,
  type ServiceConnectionString,
} from "@dps-certs/dps-protocol";
import type { Context } from "../command.ts";
import { CliError, usageError } from "../errors.ts";
import { exposedMode } from "../flow/exposed-mode.ts";

/** Longer than any connection string. */
const MAX_BYTES = 4096;
const OPTION = "--connection-string-file";
const IN_AZURE =
  "take it from: az iot dps connection-string show --dps-name NAME, or leave it out and sign in with: az login";

/** A connection string, and where it came from. */
export interface GivenConnectionString {
  /** A secret. */
  text: string;
  /** Read from it. The key is a secret. */
  parts: ServiceConnectionString;
  /** The option or the variable. */
  from: string;
}

/**
 * The connection string of the file that the option names, or else of the environment.
 *
 * @param hint - where a right one is found. @default in Azure
 * @throws {CliError} `usage` for a file that cannot be read, `target` for a text that is no service's
 *   connection string; neither quotes what was read
 */
export async function readConnectionString(
  { io, report }: Pick<Context, "io" | "report">,
  file: string | undefined,
  hint: string = IN_AZURE,
): Promise<GivenConnectionString | undefined> {
  if (file === undefined) {
    const text = io.env.DPS_CONNECTION_STRING;
    return text ? parse(text, "DPS_CONNECTION_STRING", hint) : undefined;
  }
  const { readAtMost } = await import("@dps-certs/ca-tools");
  const path = resolve(io.cwd, file);
  const refuse = (problem: string) => usageError(`${OPTION}: ${path} ${problem}`);
  const bytes = await readAtMost(path, MAX_BYTES, { refuse }).catch((error: Error) => {
    throw error instanceof CliError ? error : usageError(`${OPTION}: ${error.message}`);
  });
  const mode = await exposedMode(path);
  if (mode !== undefined) {
    report.warn(`${file} holds a key and has mode ${mode}: make it its owner's with chmod 600`);
  }
  // Some editors begin a file with a byte order mark.
  return parse(bytes.toString("utf8").replace(/^\ufeff/, ""), OPTION, hint);
}

function parse(text: string, from: string, hint: string): GivenConnectionString {
  const [line = ""] = text.trim().split("\n", 1);
  const parts = orRefuse(() => parseConnectionString(line), from, hint);
  refuseHub(parts.hostName, from, hint);
  return { text: line.trim(), parts, from };
}

function orRefuse<T>(parse: () => T, from: string, hint: string): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof ConnectionStringError)) throw cause;
    throw unusable(cause, from, hint);
  }
}

const unusable = (cause: Error, from: string, hint: string): CliError =>
  new CliError("target", `${from} cannot be used: ${cause.message}`, { hint, cause });

/** The most frequent mix-up: both services have connection strings of one form. */
function refuseHub(hostName: string, from: string, hint: string): void {
  if (!/\.azure-devices\.(?:net|cn|us)$/i.test(hostName)) return;
  throw new CliError(
    "target",
    `${from} is the connection string of the IoT hub ${hostName}, not of a provisioning service`,
    { hint },
  );
}
