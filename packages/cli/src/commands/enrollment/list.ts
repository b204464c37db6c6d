import type { CommandSpec } from "../../command.ts";

/** The service keeps no more than a million. */
const MAX_TOP = 1_000_000;

export const listCommand: CommandSpec = {
  usage: "list",
  summary: "Lists the enrollments of single devices.",
  examples: [
    ["dps-certs enrollment list", "ids, state and certificates"],
    ["dps-certs enrollment list --top 20 --json", "twenty of them, as the service's own objects"],
  ],
  options: {
    top: { describe: "at most this many" },
    query: { describe: "a query in the service's own language  [default: SELECT *]" },
  },
  run: async (args, context) => {
    const top = args.integer("top", { min: 1, max: MAX_TOP });
    const { listEnrollments } = await import("../../flow/enrollment/records.ts");
    await listEnrollments(context, { query: args.text("query"), top });
  },
};
