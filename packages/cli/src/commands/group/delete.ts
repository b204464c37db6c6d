import { idProblem } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";

export const deleteCommand: CommandSpec = {
  usage: "delete <id...>",
  summary: "Deletes enrollment groups; devices that are assigned stay in their IoT hubs.",
  examples: [
    ["dps-certs group delete thermostats", "ask, and delete it"],
    ["dps-certs group delete thermostats boilers --yes", "without asking, for scripts"],
  ],
  positionals: { id: { describe: "ids of enrollment groups", array: true } },
  run: async (args, context) => {
    const ids = args.texts("id");
    for (const id of ids) {
      const problem = idProblem(id);
      if (problem) throw usageError(`${quote(id)} cannot be an enrollment group's id: ${problem}`);
    }
    const { deleteGroups } = await import("../../flow/group/records.ts");
    await deleteGroups(context, ids);
  },
};
