import type { CommandSpec } from "../../command.ts";

export const showCommand: CommandSpec = {
  usage: "show <id>",
  summary: "Shows one enrollment group of the service.",
  examples: [
    ["dps-certs group show thermostats", "as text"],
    ["dps-certs group show thermostats --json", "the service's own object"],
    ["dps-certs group show meters --keys", "with its symmetric keys, which are secrets"],
  ],
  positionals: { id: { describe: "id of the enrollment group" } },
  options: {
    keys: {
      describe: "show the symmetric keys: who has them can register devices",
      type: "boolean",
    },
  },
  run: async (args, context) => {
    const options = { id: args.groupId("id"), keys: args.flag("keys") };
    const { showGroup } = await import("../../flow/group/records.ts");
    await showGroup(context, options);
  },
};
