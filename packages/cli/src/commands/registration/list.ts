import { idProblem } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";

const MAX_TOP = 1_000_000;
const STATES = ["unassigned", "assigning", "assigned", "failed", "disabled"];

export const listCommand: CommandSpec = {
  usage: "list",
  summary: "Lists the devices that registered through an enrollment group.",
  examples: [
    ["dps-certs registration list --group thermostats", "their state and IoT hubs"],
    ["dps-certs registration list --group thermostats --status failed", "those that failed"],
    ["dps-certs registration list --group thermostats --json", "the service's own objects"],
  ],
  options: {
    group: { describe: "id of the enrollment group" },
    top: { describe: "at most this many" },
    status: { describe: "only those in this state", choices: STATES },
  },
  run: async (args, context) => {
    const group = args.text("group");
    if (group === undefined) {
      throw usageError(
        "name the group with --group: the service lists registrations by group",
        "of a device without one: dps-certs registration show <id>",
      );
    }
    const problem = idProblem(group);
    if (problem) throw usageError(`--group: ${quote(group)} cannot be a group's id: ${problem}`);
    const top = args.integer("top", { min: 1, max: MAX_TOP });
    const { listRegistrations } = await import("../../flow/registration/records.ts");
    await listRegistrations(context, { group, status: args.text("status"), top });
  },
};
