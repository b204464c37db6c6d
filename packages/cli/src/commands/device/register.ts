import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { passwordSource } from "../../passwords.ts";
import { KEY_PASSWORD_OPTIONS } from "./options.ts";

export const registerCommand: CommandSpec = {
  usage: "register [id]",
  summary: "Registers a device over HTTPS with its TLS client certificate.",
  examples: [
    ["dps-certs device register thermostats-001", "one device of ./pki"],
    ["dps-certs device register --all", "each that is not registered with its certificate yet"],
    ["dps-certs device register --all --again", "each of them"],
  ],
  positionals: { id: { describe: "registration id" } },
  options: {
    all: { describe: "register every device of the PKI folder", type: "boolean" },
    again: { describe: "of all, those too that are registered already", type: "boolean" },
    ...KEY_PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const id = args.optionalPositional("id");
    const all = args.flag("all");
    if ((id === undefined) !== all) throw usageError("name a device, or say --all");
    const again = args.flag("again");
    if (again && !all) throw usageError("--again is of --all: a device that is named registers");
    const { registerNamedDevices } = await import("../../flow/registration/register-command.ts");
    const password = passwordSource(args, context, "key-password");
    await registerNamedDevices(context, { id, again, password });
  },
};
