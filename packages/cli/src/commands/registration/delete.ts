import type { CommandSpec } from "../../command.ts";

export const deleteCommand: CommandSpec = {
  usage: "delete <id...>",
  summary: "Deletes records of registrations; devices stay in their hubs and may register again.",
  examples: [
    ["dps-certs registration delete thermostats-001", "ask, and delete it"],
    ["dps-certs registration delete old-1 old-2 --yes", "without asking, for scripts"],
  ],
  positionals: { id: { describe: "registration ids of devices", array: true } },
  run: async (args, context) => {
    const { deleteRegistrations } = await import("../../flow/registration/records.ts");
    await deleteRegistrations(context, args.texts("id"));
  },
};
