import type { CommandSpec } from "../command.ts";

export const cleanupCommand: CommandSpec = {
  usage: "cleanup <group>",
  summary: "Deletes in the service what enroll made for a group, and nothing else.",
  examples: [
    ["dps-certs cleanup thermostats", "list it, ask, delete it"],
    ["dps-certs cleanup thermostats --yes", "without asking, for scripts"],
    ["dps-certs cleanup thermostats --local --yes", "and move the local files to pki/old-<time>/"],
  ],
  positionals: { group: { describe: "id of the enrollment group" } },
  options: {
    local: { describe: "move the group's local files to old-<time>/ as well", type: "boolean" },
  },
  run: async (args, context) => {
    const group = args.groupId();
    const { cleanup } = await import("../flow/cleanup.ts");
    await cleanup(context, { group, local: args.flag("local") });
  },
};
