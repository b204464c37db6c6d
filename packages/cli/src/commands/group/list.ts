import type { CommandSpec } from "../../command.ts";

const MAX_TOP = 1_000_000;

export const listCommand: CommandSpec = {
  usage: "list",
  summary: "Lists the enrollment groups of the service.",
  examples: [
    ["dps-certs group list", "ids, state and signing certificates"],
    ["dps-certs group list --json", "the service's own objects"],
  ],
  options: {
    top: { describe: "at most this many" },
    query: { describe: "a query in the service's own language  [default: SELECT *]" },
  },
  run: async (args, context) => {
    const options = {
      top: args.integer("top", { min: 1, max: MAX_TOP }),
      query: args.text("query"),
    };
    const { listGroups } = await import("../../flow/group/records.ts");
    await listGroups(context, options);
  },
};
