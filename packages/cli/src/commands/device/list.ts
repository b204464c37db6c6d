import type { CommandSpec } from "../../command.ts";

export const listCommand: CommandSpec = {
  usage: "list",
  summary: "Lists the devices of the PKI folder.",
  examples: [
    ["dps-certs device list", "the devices in ./pki; exit status 1 if a file is damaged"],
    ["dps-certs device list --json", "with thumbprints and files, as JSON"],
  ],
  run: async (_args, context) => {
    const { listDevices } = await import("../../flow/device-commands.ts");
    return await listDevices(context);
  },
};
