import { checkDeviceId } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import type { Shell } from "../../flow/shell-quoting.ts";
import { passwordSource } from "../../passwords.ts";
import { KEY_PASSWORD_OPTIONS } from "./options.ts";

export const envCommand: CommandSpec = {
  usage: "env <id>",
  summary: "Prints the environment variables that the SDKs' samples read.",
  examples: [
    ['eval "$(dps-certs device env sensor-1)"', "for the provisioning samples, on an emulator"],
    [
      'eval "$(dps-certs device env sensor-1 --hub my-hub)"',
      "the IOTHUB_CA_* variables, private key included",
    ],
    ["dps-certs device env sensor-1 --hub my-hub --json", "as JSON"],
  ],
  positionals: { id: { describe: "registration id" } },
  options: {
    hub: { describe: "name or host of an IoT hub: prints what ca-certs.ps1 sets for it" },
    shell: {
      describe: "the shell that is to read them",
      choices: ["sh", "fish", "powershell", "cmd"],
      default: "sh",
    },
    ...KEY_PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const id = args.positional("id");
    checkDeviceId(id);
    const { printDeviceEnvironment } = await import("../../flow/device-env.ts");
    await printDeviceEnvironment(context, {
      id,
      hub: args.text("hub"),
      shell: args.required("shell") as Shell,
      password: passwordSource(args, context, "key-password"),
    });
  },
};
