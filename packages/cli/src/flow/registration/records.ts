/** The service's records of devices that registered. */
import { type DeviceRegistrationState, idProblem } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import type { Context } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { fields, table } from "../../output/table.ts";
import { withConnection } from "../../target/connect.ts";
import { deleteNamed, findNamed } from "../service/deletion.ts";

export interface ListRegistrationsOptions {
  group: string;
  /** Only those in this state. */
  status: string | undefined;
  /** At most this many. */
  top: number | undefined;
}

export async function listRegistrations(
  context: Context,
  { group, status, top = Number.POSITIVE_INFINITY }: ListRegistrationsOptions,
): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments }) => {
    const all: DeviceRegistrationState[] = [];
    for await (const one of enrollments.registrations.query(group)) {
      if (status === undefined || one.status === status) all.push(one);
      if (all.length >= top) break;
    }
    const rows = all.map((one) => [
      one.registrationId ?? "",
      one.status ?? "",
      one.deviceId ?? "",
      one.assignedHub ?? "",
      one.lastUpdatedDateTimeUtc ?? "",
    ]);
    context.report.result(all, table(["ID", "STATUS", "DEVICE", "IOT HUB", "UPDATED"], rows));
  });
}

export async function showRegistration(context: Context, id: string): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments }) => {
    const state = await enrollments.registrations.get(id);
    context.report.result(state, registrationText(state));
  });
}

export function registrationText(state: DeviceRegistrationState): string {
  const { errorCode, errorMessage } = state;
  return fields([
    ["id", state.registrationId ?? undefined],
    ["status", state.status ?? undefined],
    ["substatus", state.substatus ?? undefined],
    ["device", state.deviceId ?? undefined],
    ["IoT hub", state.assignedHub ?? undefined],
    ["error", [errorCode, errorMessage].filter(Boolean).join(" ") || undefined],
    ["registered", state.createdDateTimeUtc ?? undefined],
    ["updated", state.lastUpdatedDateTimeUtc ?? undefined],
  ]);
}

/** Deletes records; the devices stay in their hubs, and may register again. */
export async function deleteRegistrations(context: Context, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const problem = idProblem(id);
    if (problem) throw usageError(`${quote(id)} cannot be a registration id: ${problem}`);
  }
  await withConnection(context, { readOnly: true }, async ({ enrollments: { registrations } }) => {
    const found = await findNamed(ids, {
      title: "registration",
      hint: "see them with: dps-certs registration list --group <id>",
      find: async (id) => {
        const state = await registrations.find(id);
        return state && { id: state.registrationId ?? id, status: state.status, etag: state.etag };
      },
    });
    const deletions = found.map(({ id, status, etag }) => ({
      title: "registration",
      name: id,
      detail: status ?? undefined,
      remove: () => registrations.delete(id, { ifMatch: etag ?? undefined }),
    }));
    context.report.result(await deleteNamed(context, deletions), "");
  });
}
