import { join } from "node:path";
import {
  createDevices,
  type DeviceProfile,
  type KeyAlgorithmName,
  leafPaths,
  listDeviceIds,
  loadCa,
  type Names,
  openPki,
  type PasswordSource,
} from "@dps-certs/ca-tools";
import { sameId } from "@dps-certs/dps-protocol";
import type { Context } from "../command.ts";
import { usageError } from "../errors.ts";
import { table } from "../output/table.ts";
import { shortPath, validUntil } from "../output/text.ts";
import { readRegistry, warnCut } from "./ca-steps.ts";
import { describeDevices, isDamaged, warnDamaged } from "./device-report.ts";
import type { NewSecrets } from "./device-secrets.ts";
import { defaultIssuer } from "./issuer-choice.ts";

export interface CreateDevicesOptions {
  ids: readonly string[];
  issuer: string | undefined;
  days: number | undefined;
  force: boolean;
  /** @default the kind of the chain's keys */
  algorithm: string | undefined;
  /** Which certificate of an IoT Edge device; undefined for a plain device. */
  edge: "ca" | "identity" | "server" | undefined;
  /** Host names and addresses of an Edge server. */
  names: Names;
  /** Opens the CA's key. */
  password: PasswordSource;
  secrets: () => Promise<NewSecrets>;
}

const EDGE: Readonly<Record<"ca" | "identity" | "server", DeviceProfile>> = {
  ca: "edgeCa",
  identity: "edgeIdentity",
  server: "edgeServer",
};

export async function createNamedDevices(
  context: Context,
  { ids, issuer, days, force, algorithm, edge, names, password, secrets }: CreateDevicesOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const twice = ids.find((id, at) => ids.findIndex((other) => sameId(other, id)) !== at);
  if (twice !== undefined) throw usageError(`the device ${twice} is named twice`);
  const registry = await readRegistry(pki);
  const name = issuer ?? defaultIssuer(registry, pki);
  const protection = await secrets();
  const ca = await loadCa(pki, registry, name, password);
  const made = await createDevices(pki, {
    ids,
    issuer: ca,
    now: io.now(),
    force,
    subjectAlternativeNames: names,
    ...protection,
    ...(edge && { profile: EDGE[edge] }),
    ...(algorithm !== undefined && { algorithm: algorithm as KeyAlgorithmName }),
    ...(days !== undefined && { days }),
  });
  const pathOf = (path: string) => shortPath(io.cwd, join(pki, path));
  for (const { id, certificate, cutFrom } of made) {
    const path = pathOf(leafPaths(id).certificate);
    report.step("done", id, `${path}   signed by ${certificate.issuer}`);
    if (protection.pfx) report.note(`with its key and chain in ${pathOf(leafPaths(id).pfx)}`);
    warnCut(report, id, { certificate, cutFrom });
  }
  if (edge === "ca") noteEdgeCa(context, ca.certificate.subject);
  const devices = await describeDevices(
    context,
    made.map(({ id }) => id),
  );
  report.result(devices, "");
}

function noteEdgeCa({ report }: Context, issuer: string): void {
  report.note(
    `what an Edge CA signs, the service accepts for every group of ${issuer}: give Edge an intermediate of its own`,
  );
}

/** @returns the exit status: 1 when a device's certificate cannot be read */
export async function listDevices(context: Context): Promise<number> {
  const { pki, io, report } = context;
  // Finishes what an interrupted command left, and refuses a folder that is not a PKI folder.
  await openPki(pki);
  const devices = await describeDevices(context, await listDeviceIds(pki));
  const rows = devices.map((device) =>
    isDamaged(device)
      ? [device.id, "damaged", "-", "-", "-"]
      : [
          device.id,
          device.role,
          device.issuer,
          validUntil(io.now(), device.notAfter),
          device.sha256,
        ],
  );
  warnDamaged(context, devices);
  report.result(devices, table(["ID", "ROLE", "ISSUER", "VALID UNTIL", "SHA-256"], rows));
  return devices.some(isDamaged) ? 1 : 0;
}
