import {
  type DeviceIdentity,
  loadDevice,
  type PasswordSource,
  readDevice,
} from "@dps-certs/ca-tools";
import type { DeviceRegistrationState } from "@dps-certs/dps-protocol";
import pLimit from "p-limit";
import { CliError } from "../errors.ts";
import { plural } from "../output/text.ts";
import { span } from "./device-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { Step } from "./step.ts";

/** Registrations under way at once. */
const CONCURRENCY = 8;
/** Devices that an error names. */
const NAMED = 5;

/**
 * Registers the devices whose registration does not speak for their certificates as they are: none,
 * another status than assigned, or one from before the certificate or the group was last changed.
 */
export function registrationStep(input: EnrollInput, made: ReadonlySet<string>): Step {
  const { deviceIds = [] } = input;
  const registered = new Set<string>();
  const missing = async () => {
    const since = await findRegistrations(input);
    const isDone = async (id: string) =>
      since.has(id.toLowerCase()) &&
      (registered.has(id) ||
        (!made.has(id) && (await isNewerThanCertificate(input, id, since.get(id.toLowerCase())))));
    const done = await Promise.all(deviceIds.map(isDone));
    return deviceIds.filter((_, index) => !done[index]);
  };
  return {
    id: "registrations",
    title: "registered",
    inspect: async () => {
      const left = await missing();
      if (left.length > 0) return { done: false, plan: `register ${span(left)}` };
      return { done: true, detail: `${plural(deviceIds.length, "device")} assigned` };
    },
    run: async () => {
      const ids = await missing();
      throwFailed(await tryToRegister(input, ids));
      for (const id of ids) registered.add(id);
    },
  };
}

/** When each device of the group was last assigned, by id in lower case; only since the group is as it is. */
async function findRegistrations({ group, connection }: EnrollInput): Promise<Map<string, number>> {
  const assigned = new Map<string, number>();
  const stored = await connection.enrollments.findGroup(group);
  if (stored === undefined) return assigned;
  const changed = timeOf(stored.lastUpdatedDateTimeUtc);
  for await (const state of connection.enrollments.queryRegistrations(group)) {
    const { registrationId, at } = assignment(state);
    if (registrationId && at >= changed) assigned.set(registrationId.toLowerCase(), at);
  }
  return assigned;
}

const assignment = ({
  registrationId,
  status,
  lastUpdatedDateTimeUtc,
}: DeviceRegistrationState) => ({
  registrationId: status === "assigned" ? registrationId : undefined,
  at: timeOf(lastUpdatedDateTimeUtc),
});

const timeOf = (date: string | null | undefined) => (date ? Date.parse(date) : 0);

/** notBefore is set back by minutes, which leaves room for the difference of two clocks. */
async function isNewerThanCertificate({ pki }: EnrollInput, id: string, at = 0): Promise<boolean> {
  const certificate = await readDevice(pki, id);
  return certificate !== undefined && at >= certificate.notBefore.getTime();
}

export interface RegistrationOutcome {
  id: string;
  /** Why the device did not register. */
  error?: Error & { hint?: string };
}

/**
 * Registers each device over HTTPS with its own TLS client certificate; one's failure stops no other.
 *
 * @param password - opens keys that are encrypted. @default there is none
 */
export async function tryToRegister(
  {
    pki,
    connection,
    password,
  }: Pick<EnrollInput, "pki" | "connection"> & { password?: PasswordSource },
  ids: readonly string[],
): Promise<RegistrationOutcome[]> {
  const limit = pLimit(CONCURRENCY);
  return await Promise.all(
    ids.map((id) =>
      limit(() =>
        registerDevice(connection, id, () => loadDevice(pki, id, password)).then(
          () => ({ id }),
          (error: Error) => ({ id, error }),
        ),
      ),
    ),
  );
}

/** @throws the error of the one device, or one that names the devices that did not register */
export function throwFailed(outcomes: readonly RegistrationOutcome[]): void {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const first = failed[0]?.error;
  if (first === undefined) return;
  if (outcomes.length === 1) throw first;
  const names = failed.slice(0, NAMED).map(({ id }) => id);
  const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : "";
  throw new CliError(
    "registration",
    `${failed.length} of ${outcomes.length} devices did not register (${names.join(", ")}${more}): ${first.message}`,
    { cause: first, hint: first.hint },
  );
}

async function registerDevice(
  connection: EnrollInput["connection"],
  id: string,
  load: () => Promise<DeviceIdentity>,
): Promise<void> {
  const client = connection.deviceClient(await load());
  try {
    await client.register(id);
  } finally {
    await client.close();
  }
}
