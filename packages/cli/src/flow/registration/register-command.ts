import {
  type CaRecord,
  isKeyElsewhere,
  listDeviceIds,
  loadDevice,
  openPki,
  type PasswordSource,
  readDevice,
  roleOf,
} from "@dps-certs/ca-tools";
import type { DeviceRegistrationState } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";
import { explainInterrupt } from "../../io.ts";
import { createProgress } from "../../output/progress.ts";
import { table } from "../../output/table.ts";
import { plural } from "../../output/text.ts";
import { withConnection } from "../../target/connect.ts";
import { loadQuickly } from "./load-quickly.ts";
import {
  type Loaded,
  type RegistrationOutcome,
  registerDevices,
  throwFailed,
} from "./register-devices.ts";
import { findAssignments, isRegistered } from "./registered-since.ts";

/** So many devices are told one by one, if they register; more are counted. */
const TOLD = 20;

export interface RegisterOptions {
  /** One device; undefined for all. */
  id: string | undefined;
  /** Of all, also those that are registered already as they are. */
  again: boolean;
  /** Opens the devices' keys. */
  password: PasswordSource;
}

export async function registerNamedDevices(
  context: Context,
  { id, again, password }: RegisterOptions,
): Promise<void> {
  const { pki } = context;
  const cas = (await openPki(pki))?.cas ?? [];
  const open = oneAtATime(password);
  if (id === undefined) return await registerAll(context, cas, { again, password: open });
  await existingDevice(pki, id);
  // Before anything is sent: a device whose files are damaged is told so.
  await loadDevice(pki, id, open);
  await withConnection(context, { needs: ["devices"] }, async (connection) => {
    const load = (one: string) => loadDevice(pki, one, open);
    const finished = context.report.working(`registering ${id}`);
    const outcomes = await registerDevices([id], { connection, load }).finally(finished);
    tell(context, outcomes);
  });
}

async function registerAll(
  context: Context,
  cas: readonly CaRecord[],
  { again, password }: Omit<RegisterOptions, "id">,
): Promise<void> {
  const { io, pki, report } = context;
  const all = await listDeviceIds(pki);
  if (all.length === 0) throw nobody(pki);
  await withConnection(context, { needs: ["devices"] }, async (connection) => {
    const groups = again ? [] : [...new Set(cas.flatMap(({ group }) => group ?? []))];
    const assignments = await findAssignments(connection, groups);
    const ids: string[] = [];
    for (const id of all) if (!(await isRegistered(pki, id, assignments))) ids.push(id);
    const done = all.length - ids.length;
    if (done > 0) report.note(`${plural(done, "device")} registered already; --again: once more`);
    const total = ids.length;
    const progress = createProgress(report, io, { title: "registering", noun: "device", total });
    const release = explainInterrupt(io);
    const outcomes = await registerDevices(ids, {
      connection,
      load: (id) => loadRegistrable(pki, id, password),
      onOutcome: (outcome) => {
        progress.add(1);
        tellOutcome(context, outcome, total);
      },
    }).finally(() => {
      release();
      progress.end();
    });
    const tried = outcomes.filter(({ leftOut }) => leftOut === undefined);
    if (tried.length === 0 && done === 0) throw nobody(pki);
    tell(context, tried);
  });
}

const nobody = (pki: string) =>
  new CliError("not-found", `there are no devices in ${pki} that can register from here`, {
    hint: "make one with: dps-certs device create <id>",
  });

function tellOutcome(
  { report }: Context,
  { id, error, leftOut }: RegistrationOutcome,
  total: number,
): void {
  if (leftOut !== undefined) report.note(`leaving out ${id}: ${leftOut}`);
  else if (error !== undefined) report.step("failed", id, error.message);
  else if (total > 1 && total <= TOLD) report.step("done", id, "assigned");
}

function tell({ report }: Context, outcomes: readonly RegistrationOutcome[]): void {
  throwFailed(outcomes);
  const states = outcomes.flatMap(({ state }) => (state === undefined ? [] : [state]));
  report.result(states, states.length > 0 ? stateTable(states) : "");
}

function stateTable(states: readonly DeviceRegistrationState[]): string {
  const rows = states.map(({ registrationId, status, assignedHub }) => [
    registrationId ?? "",
    status ?? "",
    assignedHub ?? "",
  ]);
  return table(["ID", "STATUS", "HUB"], rows);
}

/** A damaged device is no reason to leave it out: it is told so. */
async function loadRegistrable(pki: string, id: string, password: PasswordSource): Promise<Loaded> {
  const quickly = loadQuickly(pki, id);
  if (quickly !== undefined) return quickly;
  const leftOut = await whyNot(pki, id).catch(() => undefined);
  return leftOut === undefined ? await loadDevice(pki, id, password) : { leftOut };
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
