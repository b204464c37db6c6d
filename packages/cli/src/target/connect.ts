import { existsSync } from "node:fs";
import { startEmulator } from "@dps-certs/dps-emulator";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { shortPath } from "../output/text.ts";
import type { EmulatorAccess } from "./access.ts";
import { type Choice, chooseTarget } from "./choose.ts";
import { type Connection, connectEmulator } from "./connection.ts";
import { findServing, readAccess, readCa } from "./emulator-file.ts";
import { fetchHealth } from "./health.ts";

export interface ConnectOptions {
  /**
   * A command that only reads makes no state folder where there is none: it sees an empty service.
   * @default false
   */
  readOnly?: boolean;
}

/** Connects to the target, and says which it is on the first line. */
export async function connect(
  context: Context,
  { readOnly = false }: ConnectOptions = {},
): Promise<Connection> {
  const choice = chooseTarget(context.target, context.io.env, context.io.cwd);
  if (choice.kind === "embedded") return await connectEmbedded(context, choice.why, readOnly);
  if (choice.kind === "file") return await connectFile(context, choice);
  if (choice.kind === "url") return await connectUrl(context, choice);
  throw new CliError("target", `Azure as the target (${choice.why}) is not in this version yet`, {
    hint: "use the embedded emulator: --target embedded",
  });
}

/** Connects, works, and closes whatever the outcome. */
export async function withConnection<T>(
  context: Context,
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(context, options);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function connectEmbedded(
  { io, report, stateDir }: Context,
  why: string,
  readOnly: boolean,
): Promise<Connection> {
  const folder = shortPath(io.cwd, stateDir);
  const serving = await findServing(stateDir);
  if (serving !== undefined) {
    report.target(`emulator at ${serving.url}, serving ${folder} (${why})`);
    return connectEmulator(serving, await readCa(serving.caFile));
  }
  const isEmpty = readOnly && !existsSync(stateDir);
  report.target(
    isEmpty
      ? `embedded emulator, no state in ${folder} yet (${why})`
      : `embedded emulator, state in ${folder} (${why})`,
  );
  const emulator = await startEmulator({
    ...(isEmpty ? { inMemory: true } : { stateDir }),
    retryAfterSeconds: 0,
    now: io.now,
  });
  return connectEmulator(emulator, emulator.caPem, () => emulator.close());
}

async function connectFile(
  { report }: Context,
  { file, why }: Extract<Choice, { kind: "file" }>,
): Promise<Connection> {
  const access = await readAccess(file);
  if (access === undefined) {
    throw new CliError("target", `${file} is not there`, {
      hint: "start an emulator with: dps-certs emulator start",
    });
  }
  report.target(`emulator at ${access.url} (${why})`);
  return connectEmulator(access, await readCa(access.caFile));
}

/** The emulator's names come from the emulator; its CA and the credentials from the environment. */
async function connectUrl(
  { io: { env }, report }: Context,
  { url, why }: Extract<Choice, { kind: "url" }>,
): Promise<Connection> {
  const {
    DPS_EMULATOR_CA: caFile,
    DPS_CONNECTION_STRING: connectionString,
    DPS_EMULATOR_ARM_TOKEN: armToken,
  } = env;
  if (!caFile || !connectionString || !armToken) {
    throw new CliError(
      "target",
      `${why} needs DPS_EMULATOR_CA, DPS_CONNECTION_STRING and DPS_EMULATOR_ARM_TOKEN beside it`,
      { hint: "or name the file that the emulator left: --target .dps-certs/emulator.json" },
    );
  }
  report.target(`emulator at ${url.origin} (${why})`);
  const ca = await readCa(caFile);
  const health = await fetchHealth(url.origin, ca).catch((cause: unknown) => {
    throw new CliError("target", `no emulator answers at ${url.origin}`, {
      cause,
      hint: "is it running, and is DPS_EMULATOR_CA its ca.pem?",
    });
  });
  const access: Omit<EmulatorAccess, "caFile" | "nonce" | "pid"> = {
    ...health,
    url: url.origin,
    managementUrl: url.origin,
    deviceHost: url.host,
    connectionString,
    armToken,
  };
  try {
    return connectEmulator(access, ca);
  } catch (cause) {
    // The client names no variables, and the text may hold the key.
    throw badVariable(cause);
  }
}

function badVariable(cause: unknown): CliError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new CliError("target", `DPS_CONNECTION_STRING cannot be used: ${message}`, {
    cause,
    hint: "take connectionString from the emulator.json that the emulator left",
  });
}
