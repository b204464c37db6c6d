import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { passwordSource } from "../../passwords.ts";
import { KEY_PASSWORD_OPTIONS } from "./options.ts";

export const registerCommand: CommandSpec = {
  usage: "register [id]",
  summary: "Registers a device over HTTPS with its TLS client certificate.",
  examples: [
    ["dps-certs device register thermostats-001", "one device of ./pki"],
    ["dps-certs device register --all", "each of them"],
  ],
  positionals: { id: { describe: "registration id" } },
  options: {
    all: { describe: "register every device of the PKI folder", type: "boolean" },
    ...KEY_PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const id = args.optionalPositional("id");
    const all = args.flag("all");
    if ((id === undefined) !== all) throw usageError("name a device, or say --all");
    const { registerNamedDevices } = await import("../../flow/register-command.ts");
    await registerNamedDevices(context, id, passwordSource(args, context, "key-password"));
  },
};
