import {
  type Ca,
  createDevices,
  type DeviceOptions,
  isIssuedBy,
  loadDevice,
  readDevice,
} from "@dps-certs/ca-tools";
import pLimit from "p-limit";
import { CliError } from "../errors.ts";
import { plural } from "../output/text.ts";
import { loadGroupCa } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { Step } from "./step.ts";

/** Devices that are put in place together. */
const BATCH = 100;
/** Registrations under way at once. */
const CONCURRENCY = 8;

export function devicesStep(input: EnrollInput): Step {
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
      const issuer = await loadGroupCa(input);
      if (issuer === undefined) {
        throw new CliError("not-found", "the intermediate CA is not there any more");
      }
      const { absent, expired } = await missingDevices(input);
      await createAll(input, { ids: absent, issuer });
      // The old files are kept in old-<time>/.
      await createAll(input, { ids: expired, issuer, force: true });
    },
  };
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
    else await checkDevice(input, id, issuer);
  }
  return { absent, expired };
}

/** A device that is there must be whole, and of this group. */
async function checkDevice(
  { pki }: EnrollInput,
  id: string,
  issuer: Ca | undefined,
): Promise<void> {
  const { certificate } = await loadDevice(pki, id);
  if (issuer !== undefined && isIssuedBy(certificate, issuer.certificate)) return;
  throw new CliError(
    "drift",
    `device ${id} was issued by ${certificate.issuer}, not by this group's CA`,
    {
      hint: "choose other ids with --prefix, or replace it with: dps-certs device create --force",
    },
  );
}

export function registrationStep(input: EnrollInput): Step {
  const { group, connection, deviceIds = [] } = input;
  const missing = async () => {
    const assigned = new Set<string>();
    for await (const { registrationId, status } of connection.enrollments.queryRegistrations(
      group,
    )) {
      if (status === "assigned" && registrationId) assigned.add(registrationId.toLowerCase());
    }
    return deviceIds.filter((id) => !assigned.has(id.toLowerCase()));
  };
  return {
    id: "registrations",
    title: "registered",
    inspect: async () => {
      const left = (await connection.enrollments.findGroup(group)) ? await missing() : deviceIds;
      if (left.length > 0) return { done: false, plan: `register ${span(left)}` };
      return { done: true, detail: `${plural(deviceIds.length, "device")} assigned` };
    },
    run: async () => await registerDevices(input, await missing()),
  };
}

/** Registers each device over HTTPS with its own TLS client certificate. */
export async function registerDevices(
  { pki, connection }: Pick<EnrollInput, "pki" | "connection">,
  ids: readonly string[],
): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const outcomes = await Promise.allSettled(
    ids.map((id) => limit(async () => await registerDevice(pki, connection, id))),
  );
  const failed = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : [],
  );
  if (failed.length === 0) return;
  if (ids.length === 1) throw failed[0];
  const first = failed[0] as Error & { hint?: string };
  throw new CliError(
    "registration",
    `${failed.length} of ${ids.length} devices did not register; the first: ${first.message}`,
    {
      cause: first,
      ...(first.hint && { hint: first.hint }),
    },
  );
}

async function registerDevice(
  pki: string,
  connection: EnrollInput["connection"],
  id: string,
): Promise<void> {
  const client = connection.deviceClient(await loadDevice(pki, id));
  try {
    await client.register(id);
  } finally {
    await client.close();
  }
}

function span(ids: readonly string[]): string {
  const [first, last] = [ids[0], ids.at(-1)];
  return ids.length > 2 ? `${first} … ${last}` : ids.join(", ");
}
