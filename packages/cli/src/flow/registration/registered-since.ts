/** Which devices are registered as they are, so that a run that was interrupted goes on. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { leafPaths } from "@dps-certs/ca-tools";
import type { DeviceRegistrationState } from "@dps-certs/dps-protocol";
import type { Connection } from "../../target/connection.ts";

/** When devices were last assigned, in milliseconds since 1970, by id in lower case. */
export type Assignments = ReadonlyMap<string, number>;

/**
 * The devices of groups that are assigned, since their group is as it is: what was before a change of
 * the group speaks for another group.
 */
export async function findAssignments(
  { enrollments: { groups, registrations } }: Pick<Connection, "enrollments">,
  groupIds: readonly string[],
): Promise<Assignments> {
  const assigned = new Map<string, number>();
  for (const id of groupIds) {
    const stored = await groups.find(id);
    if (stored === undefined) continue;
    const changed = timeOf(stored.lastUpdatedDateTimeUtc);
    for await (const state of registrations.query(id)) {
      const { registrationId, at } = assignment(state);
      if (registrationId && at >= changed) assigned.set(registrationId.toLowerCase(), at);
    }
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

/**
 * Whether the device was assigned since it has the certificate that it has. notBefore is set back by
 * minutes, which leaves room for the difference of two clocks.
 */
export async function isRegistered(
  pki: string,
  id: string,
  assignments: Assignments,
): Promise<boolean> {
  const at = assignments.get(id.toLowerCase());
  if (at === undefined) return false;
  const notBefore = await notBeforeOf(join(pki, leafPaths(id).certificate));
  return notBefore !== undefined && at >= notBefore;
}

/** Of thousands of devices this one date counts; a file that is damaged is for its reader to tell. */
async function notBeforeOf(file: string): Promise<number | undefined> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validFrom);
  } catch {
    return undefined;
  }
}
