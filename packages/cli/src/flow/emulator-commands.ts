import { join } from "node:path";
import { startEmulator } from "@dps-certs/dps-emulator";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { fields } from "../output/table.ts";
import { shortPath } from "../output/text.ts";
import { EMULATOR_FILE } from "../target/access.ts";
import { findServing, readCa } from "../target/emulator-file.ts";
import { requestStop } from "../target/health.ts";
import { type Published, publishAccess, RENEW_MS } from "./emulator-access.ts";

export interface ServeOptions {
  port: number;
  retryAfterSeconds: number;
  inMemory: boolean;
  host: string | undefined;
  /** Serve the managed-identity endpoint. */
  msi: boolean;
  /** Call webhooks wherever they are. */
  allowWebhooks: boolean;
}

/** Serves until somebody stops it: Ctrl-C, SIGTERM, or `emulator stop`. */
export async function serve(context: Context, options: ServeOptions): Promise<void> {
  const { stateDir, report, io } = context;
  const { port, host, inMemory, retryAfterSeconds, msi, allowWebhooks } = options;
  if (!inMemory) await refuseSecond(stateDir);
  if (host !== undefined) {
    report.warn(`listening on ${host}: anyone who reaches it can try to use this emulator`);
  }
  const stopped = stopSignal();
  const emulator = await startEmulator({
    ...(inMemory ? { inMemory } : { stateDir }),
    port,
    retryAfterSeconds,
    msi,
    allowWebhooks,
    now: io.now,
    onStop: stopped.stop,
    ...(host !== undefined && { host }),
  });
  const published = await publishAccess(emulator, inMemory ? undefined : stateDir).catch(
    async (error: unknown) => {
      await emulator.close();
      throw error;
    },
  );
  const renewal = setInterval(() => {
    published
      .renew()
      .catch((error: Error) => report.warn(`cannot renew the token: ${error.message}`));
  }, RENEW_MS);
  try {
    const where = inMemory ? "in memory" : shortPath(io.cwd, stateDir);
    report.target(
      `emulator at ${emulator.url}, state ${inMemory ? "" : "in "}${where}; Ctrl-C stops it`,
    );
    report.line(published.access, describe(published, inMemory ? undefined : stateDir));
    await stopped.wait;
  } finally {
    clearInterval(renewal);
    await published.withdraw();
    await emulator.close();
  }
  report.note("the emulator is stopped");
}

/** For people: without the secrets, which are where it says. */
function describe({ access }: Published, stateDir: string | undefined): string {
  const { connectionString: _, armToken: __, clientSecret: ___, ...open } = access;
  const entries = Object.entries(open).map(([name, value]) => [name, value?.toString()] as const);
  const file = stateDir === undefined ? undefined : join(stateDir, EMULATOR_FILE);
  return fields([...entries, ["credentials", file ?? "printed with --json"]]);
}

async function refuseSecond(stateDir: string): Promise<void> {
  const serving = await findServing(stateDir);
  if (serving === undefined) return;
  throw new CliError("target", `${stateDir} is served already, at ${serving.url}`, {
    hint: "use that one, stop it with: dps-certs emulator stop, or choose another --state-dir",
  });
}

function stopSignal(): { stop: () => void; wait: Promise<void> } {
  let stop: () => void = () => undefined;
  const wait = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  return { stop, wait };
}

/** @returns the exit status: 0 when it is running, 1 when not */
export async function showStatus({ stateDir, report, io }: Context): Promise<number> {
  const serving = await findServing(stateDir);
  const folder = shortPath(io.cwd, stateDir);
  if (serving === undefined) {
    report.result({ running: false }, `no emulator is serving ${folder}\n`);
    return 1;
  }
  const { url, idScope, dpsName, resourceGroup, subscriptionId, caFile, pid } = serving;
  const open = { running: true, url, idScope, dpsName, resourceGroup, subscriptionId, caFile, pid };
  const access = join(folder, EMULATOR_FILE);
  report.result(
    { ...open, accessFile: access },
    fields([
      ["running", url],
      ["state", folder],
      ["ID scope", idScope],
      ["CA", shortPath(io.cwd, caFile)],
      ["credentials", access],
    ]),
  );
  return 0;
}

/** Stops it and waits until it no longer answers. */
export async function stopServing({ stateDir, report, io }: Context): Promise<void> {
  const serving = await findServing(stateDir);
  const folder = shortPath(io.cwd, stateDir);
  if (serving === undefined) {
    report.result({ stopped: false }, `no emulator is serving ${folder}\n`);
    return;
  }
  await requestStop(serving.url, await readCa(serving.caFile), serving.armToken);
  while ((await findServing(stateDir)) !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  report.result({ stopped: true, url: serving.url }, `stopped ${serving.url}\n`);
}
