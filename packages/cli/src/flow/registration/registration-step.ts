import { loadDevice } from "@dps-certs/ca-tools";
import { plural } from "../../output/text.ts";
import { span } from "../device-steps.ts";
import type { EnrollInput } from "../enroll-options.ts";
import type { Step } from "../step.ts";
import { loadQuickly } from "./load-quickly.ts";
import { registerDevices, throwFailed } from "./register-devices.ts";
import { findAssignments, isRegistered } from "./registered-since.ts";

/**
 * Registers the devices whose registration does not speak for their certificates as they are: none,
 * another status than assigned, or one from before the certificate or the group was last changed.
 */
export function registrationStep(input: EnrollInput, made: ReadonlySet<string>): Step {
  const { connection, group, pki, deviceIds = [] } = input;
  const registered = new Set<string>();
  const missing = async () => {
    const assignments = await findAssignments(connection, [group]);
    const isDone = async (id: string) =>
      registered.has(id)
        ? assignments.has(id.toLowerCase())
        : !made.has(id) && (await isRegistered(pki, id, assignments));
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
      const load = async (id: string) => loadQuickly(pki, id) ?? (await loadDevice(pki, id));
      throwFailed(await registerDevices(ids, { connection, load }));
      for (const id of ids) registered.add(id);
    },
  };
}
