import { existsSync } from "node:fs";
import { startEmulator } from "@dps-certs/dps-emulator";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { shortPath } from "../output/text.ts";
import { type Choice, chooseTarget } from "./choose.ts";
import { type Connection, connectEmulator } from "./connection.ts";
import { findServing, readAccess, readCa } from "./emulator-file.ts";

/** What a command cannot do without, and what makes little sense to begin without. */
export type Need = "certificates" | "enrollments" | "devices";

export interface ConnectOptions {
  /**
   * A command that only reads, or that asks before it writes. It makes no state folder where there is
   * none: it sees an empty service. @default false: a write to Azure may have to be confirmed
   */
  readOnly?: boolean;
  /**
   * What is tried before the command makes anything, so that missing credentials are told first.
   * @default nothing: whoever uses what is not there is told so then
   */
  needs?: readonly Need[];
}

/** Connects to the target, and says which it is on the first line. */
export async function connect(
  context: Context,
  { readOnly = false, needs = [] }: ConnectOptions = {},
): Promise<Connection> {
  const choice = chooseTarget(context.target, context.io.env, context.io.cwd, context.azure);
  if (choice.kind === "embedded") return await connectEmbedded(context, choice.why, readOnly);
  if (choice.kind === "file") return await connectFile(context, choice);
  const connection = await connectElsewhere(context, choice, readOnly, needs);
  try {
    await tryOut(connection, needs);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function connectElsewhere(
  context: Context,
  choice: Extract<Choice, { kind: "azure" | "url" }>,
  readOnly: boolean,
  needs: readonly Need[],
): Promise<Connection> {
  if (choice.kind === "url") {
    const { connectUrl } = await import("./connect-url.ts");
    return await connectUrl(context, choice);
  }
  const { connectAzure } = await import("./connect-azure.ts");
  return await connectAzure(context, choice, { readOnly, needs });
}

/** A look at each: who may not even look will not get far. */
async function tryOut(
  { certificates, enrollments }: Connection,
  needs: readonly Need[],
): Promise<void> {
  if (needs.includes("certificates")) await certificates.list();
  if (needs.includes("enrollments")) await enrollments.groups.query({ pageSize: 1 }).next();
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
    return connectEmulator(serving, await readCa(serving.caFile), undefined, io.patience);
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
  { io, report }: Context,
  { file, why }: Extract<Choice, { kind: "file" }>,
): Promise<Connection> {
  const access = await readAccess(file);
  if (access === undefined) {
    throw new CliError("target", `${file} is not there`, {
      hint: "start an emulator with: dps-certs emulator start",
    });
  }
  report.target(`emulator at ${access.url} (${why})`);
  return connectEmulator(access, await readCa(access.caFile), undefined, io.patience);
}
