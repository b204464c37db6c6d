import type { CommandSpec } from "../../command.ts";

export const deleteCommand: CommandSpec = {
  usage: "delete <name...>",
  summary: "Deletes CA certificates from the service; none that a group still needs.",
  examples: [
    ["dps-certs certificate delete thermostats-root", "ask, and delete it"],
    ["dps-certs certificate delete old-root older-root --yes", "without asking, for scripts"],
  ],
  positionals: { name: { describe: "names of certificates in the service", array: true } },
  options: {
    force: {
      describe: "also what groups need: their devices cannot register then",
      type: "boolean",
    },
  },
  run: async (args, context) => {
    const options = { names: args.texts("name"), force: args.flag("force") };
    const { deleteCertificates } = await import("../../flow/certificate/delete.ts");
    await deleteCertificates(context, options);
  },
};
