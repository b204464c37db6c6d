import type { Assigned, Substatus } from "./registration-store.ts";

/** What happens when a device that has a hub registers again; both are true unless it says otherwise. */
export interface ReprovisionPolicy {
  /** Whether the device may get another hub. */
  updateHubAssignment: boolean;
  /** Whether its twin goes along, or begins anew. */
  migrateDeviceData: boolean;
}

/** @param members - of an enrollment */
export function reprovisionPolicyOf(members: Readonly<Record<string, unknown>>): ReprovisionPolicy {
  const policy = (members.reprovisionPolicy ?? {}) as Partial<ReprovisionPolicy>;
  return {
    updateHubAssignment: policy.updateHubAssignment !== false,
    migrateDeviceData: policy.migrateDeviceData !== false,
  };
}

/**
 * The assignment to a hub, with what became of the one before: a device that stays keeps its
 * substatus, and one that comes back to its first hub is said to have come back.
 *
 * @param former - the assignment before this one
 */
export function assign(input: {
  assignedHub: string;
  deviceId: string;
  former: Assigned | undefined;
  policy: ReprovisionPolicy;
  payload?: unknown;
}): Assigned {
  const { assignedHub, deviceId, former, policy, payload } = input;
  return {
    status: "assigned",
    assignedHub,
    deviceId,
    substatus: substatusOf(assignedHub, former, policy),
    initialHub: former?.initialHub ?? former?.assignedHub ?? assignedHub,
    ...(payload === undefined || payload === null ? {} : { payload }),
  };
}

function substatusOf(
  hub: string,
  former: Assigned | undefined,
  { migrateDeviceData }: ReprovisionPolicy,
): Substatus {
  if (former === undefined) return "initialAssignment";
  if (hub === former.assignedHub) return former.substatus ?? "initialAssignment";
  if (hub === former.initialHub) return "reprovisionedToInitialAssignment";
  return migrateDeviceData ? "deviceDataMigrated" : "deviceDataReset";
}
