import { join } from "node:path";
import {
  type Ca,
  leafPaths,
  loadCa,
  openPki,
  type PasswordSource,
  type RenewedDevice,
  renewDevices,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { reportOf } from "../errors.ts";
import { shortPath, validUntil } from "../output/text.ts";
import { readRegistry, warnCut } from "./ca-steps.ts";
import { type DamagedDevice, type DeviceDescription, describeDevices } from "./device-report.ts";
import type { NewSecrets } from "./device-secrets.ts";
import { byIssuer, type Selection, selectDevices } from "./renewal-selection.ts";

export interface RenewDevicesOptions {
  selection: Selection;
  days: number | undefined;
  /** @default the CA that issued the old certificate */
  issuer: string | undefined;
  newKey: boolean;
  openCa: PasswordSource;
  /** For PFX files. */
  openKey: PasswordSource;
  secrets: () => Promise<NewSecrets>;
}

/** @returns the exit status: 1 when a device could not be renewed; the others are renewed all the same */
export async function renewNamedDevices(
  context: Context,
  options: RenewDevicesOptions,
): Promise<number> {
  const { pki, report } = context;
  await openPki(pki);
  const { found, failed } = await selectDevices(context, options.selection);
  if (found.length + failed.length === 0) report.note("no device is to be renewed");
  const secrets = found.length > 0 ? await options.secrets() : {};
  const groups = await byIssuer(context, found, options.issuer, failed);
  const cas = await loadCas(context, [...groups.keys()], options.openCa);
  const renewed: RenewedDevice[] = [];
  for (const ca of cas) {
    const renew = (ids: readonly string[]) =>
      renewDevices(pki, {
        ids,
        issuer: ca,
        now: context.io.now(),
        newKey: options.newKey,
        password: options.openKey,
        ...secrets,
        ...(options.days !== undefined && { days: options.days }),
      });
    renewed.push(...(await renewAll(groups.get(ca.record.name) ?? [], renew, failed)));
  }
  for (const device of renewed) tell(context, device);
  for (const { id, error } of failed) {
    // A warning, which is told with --quiet too.
    report.warn(`${id}: ${error.hint ? `${error.message}; ${error.hint}` : error.message}`);
  }
  const ids = renewed.map(({ id }) => id).sort();
  const devices: (DeviceDescription | DamagedDevice)[] = await describeDevices(context, ids);
  report.result([...devices, ...failed], "");
  return failed.length > 0 ? 1 : 0;
}

/** All of them before anything is changed: a password that is wrong is told in time. */
async function loadCas(
  { pki }: Context,
  names: readonly string[],
  password: PasswordSource,
): Promise<Ca[]> {
  const cas: Ca[] = [];
  for (const name of names) cas.push(await loadCa(pki, await readRegistry(pki), name, password));
  return cas;
}

/** All in one change; where one of them stands in the way, each by itself. */
async function renewAll(
  ids: readonly string[],
  renew: (ids: readonly string[]) => Promise<RenewedDevice[]>,
  failed: DamagedDevice[],
): Promise<RenewedDevice[]> {
  try {
    return await renew(ids);
  } catch (error) {
    const [only, ...others] = ids;
    if (only !== undefined && others.length === 0) {
      failed.push({ id: only, error: reportOf(error) });
      return [];
    }
  }
  const renewed: RenewedDevice[] = [];
  for (const id of ids) renewed.push(...(await renewAll([id], renew, failed)));
  return renewed;
}

function tell({ pki, io, report }: Context, device: RenewedDevice): void {
  const { id, certificate, cutFrom, leftOut, lostPfx } = device;
  const path = shortPath(io.cwd, join(pki, leafPaths(id).certificate));
  const until = validUntil(io.now(), certificate.notAfter.toISOString());
  report.step("done", id, `${path}   valid until ${until}`);
  warnCut(report, id, { certificate, cutFrom });
  if (leftOut.length > 0) {
    report.warn(`${id}: the new certificate is without these extensions: ${leftOut.join(", ")}`);
  }
  if (lostPfx) {
    report.warn(
      `${id}: its PFX held the old certificate and is in old-<time>/; say --pfx for another`,
    );
  }
}
