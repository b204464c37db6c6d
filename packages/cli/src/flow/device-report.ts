import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Certificate, leafPaths, readDevice, roleOf } from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { type ErrorReport, reportOf } from "../errors.ts";

export interface DeviceDescription {
  id: string;
  /** `device`, or what it is to an IoT Edge device: `edge ca`, `edge server`. */
  role: string;
  commonName: string | undefined;
  issuer: string;
  notBefore: string;
  notAfter: string;
  /** Never rounded up; negative after the end. */
  daysLeft: number;
  serialNumber: string;
  sha256: string;
  sha1: string;
  certificate: string;
  fullChain: string;
  /** Absent where it lies with the device alone. */
  key?: string;
  pfx?: string;
}

/** A device whose certificate cannot be read. */
export interface DamagedDevice {
  id: string;
  error: ErrorReport;
}

export const isDamaged = (device: DeviceDescription | DamagedDevice): device is DamagedDevice =>
  "error" in device;

/** Says which file of each is damaged, and what to do about it. */
export function warnDamaged(
  { report }: Pick<Context, "report">,
  devices: readonly (DeviceDescription | DamagedDevice)[],
): void {
  for (const { error } of devices.filter(isDamaged)) {
    report.warn(error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
  }
}

/** Describes the devices that are there, those that are damaged by what is wrong with them. */
export async function describeDevices(
  { pki, io }: Pick<Context, "io" | "pki">,
  ids: readonly string[],
): Promise<(DeviceDescription | DamagedDevice)[]> {
  const devices: (DeviceDescription | DamagedDevice)[] = [];
  const now = io.now();
  for (const id of ids) {
    try {
      const certificate = await readDevice(pki, id);
      if (certificate !== undefined) devices.push(describe(pki, id, certificate, now));
    } catch (error) {
      devices.push({ id, error: reportOf(error) });
    }
  }
  return devices;
}

const DAY_MS = 86_400_000;

function describe(pki: string, id: string, certificate: Certificate, now: Date): DeviceDescription {
  const paths = leafPaths(id);
  const isThere = (path: string) => existsSync(join(pki, path));
  return {
    id,
    role: roleOf(certificate),
    commonName: certificate.commonName,
    issuer: certificate.issuer,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    daysLeft: Math.floor((certificate.notAfter.getTime() - now.getTime()) / DAY_MS),
    serialNumber: certificate.serialNumber,
    sha256: certificate.sha256,
    sha1: certificate.sha1,
    certificate: paths.certificate,
    fullChain: paths.fullChain,
    ...(isThere(paths.key) && { key: paths.key }),
    ...(isThere(paths.pfx) && { pfx: paths.pfx }),
  };
}
