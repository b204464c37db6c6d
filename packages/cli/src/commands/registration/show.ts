import { idProblem } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";

export const showCommand: CommandSpec = {
  usage: "show <id>",
  summary: "Shows what became of one device's registration.",
  examples: [
    ["dps-certs registration show thermostats-001", "as text"],
    ["dps-certs registration show thermostats-001 --json", "the service's own object"],
  ],
  positionals: { id: { describe: "registration id of the device" } },
  run: async (args, context) => {
    const id = args.positional("id");
    const problem = idProblem(id);
    if (problem) throw usageError(`${quote(id)} cannot be a registration id: ${problem}`);
    const { showRegistration } = await import("../../flow/registration/records.ts");
    await showRegistration(context, id);
  },
};
