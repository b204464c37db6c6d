import { join } from "node:path";
import {
  createDevices,
  devicePaths,
  listDeviceIds,
  loadCa,
  loadDevice,
  openPki,
  type Registry,
  readDevice,
} from "@dps-certs/ca-tools";
import { sameId } from "@dps-certs/dps-protocol";
import type { Context } from "../command.ts";
import { CliError, usageError } from "../errors.ts";
import { table } from "../output/table.ts";
import { plural, shortPath, validUntil } from "../output/text.ts";
import { withConnection } from "../target/connect.ts";
import { readRegistry, warnCut } from "./ca-steps.ts";
import { throwFailed, tryToRegister } from "./registration-step.ts";

export interface CreateDevicesOptions {
  ids: readonly string[];
  issuer: string | undefined;
  days: number | undefined;
  force: boolean;
}

export async function createNamedDevices(
  context: Context,
  { ids, issuer, days, force }: CreateDevicesOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const twice = ids.find((id, at) => ids.findIndex((other) => sameId(other, id)) !== at);
  if (twice !== undefined) throw usageError(`the device ${twice} is named twice`);
  const registry = await readRegistry(pki);
  const ca = await loadCa(pki, registry, issuer ?? defaultIssuer(registry, pki));
  const made = await createDevices(pki, {
    ids,
    issuer: ca,
    now: io.now(),
    force,
    ...(days !== undefined && { days }),
  });
  for (const { id, certificate, cutFrom } of made) {
    report.step(
      "done",
      id,
      `${shortPath(io.cwd, join(pki, devicePaths(id).certificate))}   signed by ${certificate.issuer}`,
    );
    warnCut(report, id, { certificate, cutFrom });
  }
  report.result(await describe(pki, ids), "");
}

/** The intermediate, where there is one and only one; else the root, where it is alone. */
function defaultIssuer({ cas }: Registry, pki: string): string {
  const intermediates = cas.filter(({ issuer }) => issuer !== null);
  const [only] = intermediates.length > 0 ? intermediates : cas;
  if (only === undefined) {
    throw new CliError("not-found", `there is no CA in ${pki}`, {
      hint: "make one with: dps-certs ca create, or dps-certs enroll <group>",
    });
  }
  if (intermediates.length <= 1) return only.name;
  const names = intermediates.map(({ name }) => name).join(", ");
  throw usageError(
    `the PKI folder has several intermediate CAs: ${names}`,
    "choose one with --issuer",
  );
}

interface DeviceDescription {
  id: string;
  issuer: string;
  notBefore: string;
  notAfter: string;
  serialNumber: string;
  sha1: string;
  sha256: string;
  certificate: string;
  fullChain: string;
}

async function describe(pki: string, ids: readonly string[]): Promise<DeviceDescription[]> {
  const devices: DeviceDescription[] = [];
  for (const id of ids) {
    const certificate = await readDevice(pki, id);
    if (certificate === undefined) continue;
    const paths = devicePaths(id);
    devices.push({
      id,
      issuer: certificate.issuer,
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
      serialNumber: certificate.serialNumber,
      sha1: certificate.sha1,
      sha256: certificate.sha256,
      certificate: paths.certificate,
      fullChain: paths.fullChain,
    });
  }
  return devices;
}

export async function listDevices({ pki, io, report }: Context): Promise<void> {
  // Finishes what an interrupted command left, and refuses a folder that is not a PKI folder.
  await openPki(pki);
  const devices = await describe(pki, await listDeviceIds(pki));
  const rows = devices.map(({ id, issuer, notAfter, sha256 }) => [
    id,
    issuer,
    validUntil(io.now(), notAfter),
    sha256,
  ]);
  report.result(devices, table(["ID", "ISSUER", "VALID UNTIL", "SHA-256"], rows));
}

/** @param id - one device; undefined for all */
export async function registerNamedDevices(
  context: Context,
  id: string | undefined,
): Promise<void> {
  const { pki, report } = context;
  await openPki(pki);
  const ids = id === undefined ? await listDeviceIds(pki) : [await existingDevice(pki, id)];
  if (ids.length === 0) {
    throw new CliError("not-found", `there are no devices in ${pki}`, {
      hint: "make one with: dps-certs device create <id>",
    });
  }
  await withConnection(context, {}, async (connection) => {
    const finished = report.working(`registering ${plural(ids.length, "device")}`);
    const outcomes = await tryToRegister({ pki, connection }, ids).finally(finished);
    if (outcomes.length > 1) {
      for (const { id: one, error } of outcomes) {
        report.step(error ? "failed" : "done", one, error?.message ?? "assigned");
      }
    }
    throwFailed(outcomes);
    const states = await Promise.all(ids.map((one) => connection.enrollments.getRegistration(one)));
    const rows = states.map(({ registrationId, status, assignedHub }) => [
      registrationId ?? "",
      status ?? "",
      assignedHub ?? "",
    ]);
    report.result(states, table(["ID", "STATUS", "HUB"], rows));
  });
}

/** Before anything is sent: a device that is not there, or whose files are damaged, is told so. */
async function existingDevice(pki: string, id: string): Promise<string> {
  if ((await readDevice(pki, id)) === undefined) {
    throw new CliError("not-found", `there is no device ${id} in ${pki}`, {
      hint: `make it with: dps-certs device create ${id}`,
    });
  }
  await loadDevice(pki, id);
  return id;
}
