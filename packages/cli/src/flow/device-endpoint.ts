import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { shortPath } from "../output/text.ts";
import { chooseTarget } from "../target/choose.ts";
import { findServing, readAccess } from "../target/emulator-file.ts";

/** Where a device of another program connects to. */
export interface DeviceEndpoint {
  /** Host and port. */
  host: string;
  idScope: string;
  /** CA of its TLS certificate; undefined for Azure, which every system trusts. */
  caFile: string | undefined;
}

/**
 * Finds the service that is the target; only in Azure are credentials needed, where the ID scope is not
 * given. An embedded emulator that nobody serves has no address that another program could use.
 *
 * @throws {CliError} `target`
 */
export async function findDeviceEndpoint(context: Context): Promise<DeviceEndpoint> {
  const { io, report, stateDir } = context;
  const choice = chooseTarget(context.target, io.env, io.cwd, context.azure);
  if (choice.kind === "azure") {
    const { azureDeviceEndpoint } = await import("../target/connect-azure.ts");
    return { ...(await azureDeviceEndpoint(context, choice)), caFile: undefined };
  }
  if (choice.kind === "url") {
    const { findAtUrl } = await import("../target/connect-url.ts");
    const { caFile, health } = await findAtUrl(context, choice);
    report.target(`emulator at ${choice.url.origin} (${choice.why})`);
    return { host: choice.url.host, idScope: health.idScope, caFile };
  }
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
