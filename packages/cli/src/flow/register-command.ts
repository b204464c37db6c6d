import {
  isKeyElsewhere,
  listDeviceIds,
  loadDevice,
  openPki,
  type PasswordSource,
  readDevice,
  roleOf,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError, usageError } from "../errors.ts";
import { table } from "../output/table.ts";
import { plural } from "../output/text.ts";
import { withConnection } from "../target/connect.ts";
import { throwFailed, tryToRegister } from "./registration-step.ts";

/**
 * @param id - one device; undefined for all
 * @param password - opens the devices' keys
 */
export async function registerNamedDevices(
  context: Context,
  id: string | undefined,
  password: PasswordSource,
): Promise<void> {
  const { pki, report } = context;
  await openPki(pki);
  const ids = id === undefined ? await registrable(context) : [await existingDevice(pki, id)];
  const open = oneAtATime(password);
  // Before anything is sent: a device whose files are damaged is told so.
  if (id !== undefined) await loadDevice(pki, id, open);
  await withConnection(context, {}, async (connection) => {
    const finished = report.working(`registering ${plural(ids.length, "device")}`);
    const outcomes = await tryToRegister({ pki, connection, password: open }, ids).finally(
      finished,
    );
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

/** All that can register from here. A damaged device is among them, and will be told so. */
async function registrable({ pki, report }: Context): Promise<string[]> {
  const ids: string[] = [];
  for (const id of await listDeviceIds(pki)) {
    const problem = await whyNot(pki, id).catch(() => undefined);
    if (problem === undefined) ids.push(id);
    else report.note(`leaving out ${id}: ${problem}`);
  }
  if (ids.length > 0) return ids;
  throw new CliError("not-found", `there are no devices in ${pki} that can register from here`, {
    hint: "make one with: dps-certs device create <id>",
  });
}

async function whyNot(pki: string, id: string): Promise<string | undefined> {
  const certificate = await readDevice(pki, id);
  const role = certificate === undefined ? "device" : roleOf(certificate);
  if (role !== "device") return `its certificate is an ${role}'s, which does not register`;
  return (await isKeyElsewhere(pki, id)) ? "its key is not here, the device has it" : undefined;
}

/**
 * @throws {CliError} `not-found` for a device that is not there, `usage` for one that cannot register
 */
export async function existingDevice(pki: string, id: string): Promise<string> {
  if ((await readDevice(pki, id)) === undefined) {
    throw new CliError("not-found", `there is no device ${id} in ${pki}`, {
      hint: `make it with: dps-certs device create ${id}`,
    });
  }
  const problem = await whyNot(pki, id);
  if (problem === undefined) return id;
  throw usageError(`${id} cannot be used here: ${problem}`, "see dps-certs device list");
}

/** Devices register side by side; a person answers one question after the other. */
export function oneAtATime(source: PasswordSource): PasswordSource {
  let last: Promise<unknown> = Promise.resolve();
  return (file) => {
    const answer = last.then(() => source(file));
    last = answer.catch(() => undefined);
    return answer;
  };
}
