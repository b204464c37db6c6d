import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Certificate,
  createDevices,
  createFleet,
  type DeviceOptions,
  isIssuedBy,
  type KnownCa,
  leafPaths,
  loadDevice,
  readDevice,
  roleOf,
} from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import { plural } from "../output/text.ts";
import { loadGroupCa, requireGroupCa } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { Step } from "./step.ts";

/** Devices that are replaced together. */
const BATCH = 100;

/** @param made - takes the ids of the devices that this run makes */
export function devicesStep(input: EnrollInput, made: Set<string>): Step {
  const { deviceIds = [] } = input;
  return {
    id: "devices",
    title: "device certificates",
    inspect: async () => {
      const { absent, expired } = await missingDevices(input);
      const missing = [...absent, ...expired];
      if (missing.length === 0) return { done: true, detail: span(deviceIds) };
      return {
        done: false,
        plan: `create ${plural(missing.length, "certificate")}: ${span(missing)}`,
      };
    },
    run: async () => {
      const issuer = await requireGroupCa(input);
      const { absent, expired } = await missingDevices(input);
      for (const id of [...absent, ...expired]) made.add(id);
      const isNew = (id: string) => !hasFiles(input.pki, id);
      await createNew(input, { ids: absent.filter(isNew), issuer });
      // What is left of a device that lost its certificate makes room.
      await createAll(input, { ids: absent.filter((id) => !isNew(id)), issuer });
      // The old files are kept in old-<time>/.
      await createAll(input, { ids: expired, issuer, force: true });
    },
  };
}

const hasFiles = (pki: string, id: string): boolean =>
  Object.values(leafPaths(id)).some((path) => existsSync(join(pki, path)));

async function createNew(
  { pki, now }: EnrollInput,
  { ids, issuer }: Pick<DeviceOptions, "ids" | "issuer">,
): Promise<void> {
  if (ids.length === 0) return;
  const rows = ids.map((id, at) => ({ line: at + 1, id }));
  await createFleet(pki, rows, { issuer, now, output: { kind: "flat" }, failFast: true });
}

async function createAll(
  { pki, now }: EnrollInput,
  { ids, ...options }: Omit<DeviceOptions, "now">,
): Promise<void> {
  for (let at = 0; at < ids.length; at += BATCH) {
    await createDevices(pki, { ...options, ids: ids.slice(at, at + BATCH), now: now() });
  }
}

/** Devices that are to be made: not there yet, or there and no longer valid. */
async function missingDevices(
  input: EnrollInput,
): Promise<{ absent: string[]; expired: string[] }> {
  const issuer = await loadGroupCa(input);
  const [absent, expired]: [string[], string[]] = [[], []];
  for (const id of input.deviceIds ?? []) {
    const certificate = await readDevice(input.pki, id);
    if (certificate === undefined) absent.push(id);
    else if (input.now() > certificate.notAfter) expired.push(id);
    else await checkDevice(input, id, certificate, issuer);
  }
  return { absent, expired };
}

/** A device that is there must be whole, of this group, and able to register. */
async function checkDevice(
  { pki }: EnrollInput,
  id: string,
  certificate: Certificate,
  issuer: KnownCa | undefined,
): Promise<void> {
  const role = roleOf(certificate);
  if (role !== "device") {
    throw new CliError(
      "drift",
      `${id} has the certificate of an ${role}, which does not register`,
      {
        hint: "choose other ids with --prefix",
      },
    );
  }
  await loadDevice(pki, id).catch((error: unknown) => {
    // Nothing here needs the key itself; who registers the device is asked for the password.
    if ((error as { code?: unknown }).code !== "password-required") throw error;
  });
  if (issuer !== undefined && isIssuedBy(certificate, issuer.certificate)) return;
  throw new CliError(
    "drift",
    `device ${id} was issued by ${certificate.issuer}, not by this group's CA`,
    {
      hint: "choose other ids with --prefix, or replace it with: dps-certs device create --force",
    },
  );
}

export function span(ids: readonly string[]): string {
  const [first, last] = [ids[0], ids.at(-1)];
  return ids.length > 2 ? `${first} … ${last}` : ids.join(", ");
}
