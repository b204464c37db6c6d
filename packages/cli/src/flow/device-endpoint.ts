import { resolve } from "node:path";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { shortPath } from "../output/text.ts";
import { chooseTarget } from "../target/choose.ts";
import { findServing, readAccess, readCa } from "../target/emulator-file.ts";
import { fetchHealth } from "../target/health.ts";

/** Where a device of another program connects to. */
export interface DeviceEndpoint {
  /** Host and port. */
  host: string;
  idScope: string;
  /** CA of its TLS certificate. */
  caFile: string;
}

/**
 * Finds the service that is the target, without any credentials. An embedded emulator that nobody
 * serves has no address that another program could use.
 *
 * @throws {CliError} `target`
 */
export async function findDeviceEndpoint(context: Context): Promise<DeviceEndpoint> {
  const { io, report, stateDir } = context;
  const choice = chooseTarget(context.target, io.env, io.cwd);
  if (choice.kind === "azure") {
    throw new CliError("target", `Azure as the target (${choice.why}) is not in this version yet`, {
      hint: "use a running emulator, or name an IoT hub with --hub",
    });
  }
  if (choice.kind === "url") return await atUrl(context, choice.url, choice.why);
  const access =
    choice.kind === "file" ? await readAccess(choice.file) : await findServing(stateDir);
  if (access === undefined) {
    const place = choice.kind === "file" ? choice.file : shortPath(io.cwd, stateDir);
    throw new CliError("target", `no emulator is serving ${place}, so there is no host to name`, {
      hint: "start one with: dps-certs emulator start; or name an IoT hub with --hub",
    });
  }
  report.target(`emulator at ${access.url} (${choice.why})`);
  return { host: access.deviceHost, idScope: access.idScope, caFile: access.caFile };
}

async function atUrl({ io, report }: Context, url: URL, why: string): Promise<DeviceEndpoint> {
  const { DPS_EMULATOR_CA: file } = io.env;
  if (!file) throw new CliError("target", `${why} needs DPS_EMULATOR_CA beside it`);
  const caFile = resolve(io.cwd, file);
  const ca = await readCa(caFile);
  const { idScope } = await fetchHealth(url.origin, ca).catch((cause: unknown) => {
    throw new CliError("target", `no emulator answers at ${url.origin}`, {
      cause,
      hint: "is it running, and is DPS_EMULATOR_CA its ca.pem?",
    });
  });
  report.target(`emulator at ${url.origin} (${why})`);
  return { host: url.host, idScope, caFile };
}
