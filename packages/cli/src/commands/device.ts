import type { CommandGroup, CommandSpec } from "../command.ts";
import { usageError } from "../errors.ts";

const create: CommandSpec = {
  usage: "create <id...>",
  summary: "Makes a key, a certificate and a full chain for each device.",
  examples: [
    ["dps-certs device create sensor-1 sensor-2", "signed by the folder's intermediate CA"],
    ["dps-certs device create sensor-1 --issuer root --days 90", "signed by the root, for 90 days"],
    ["dps-certs device create sensor-1 --force", "replace it; the old files go to pki/old-<time>/"],
  ],
  positionals: { id: { describe: "registration ids; each becomes the common name", array: true } },
  options: {
    issuer: {
      describe:
        "name of the CA that signs, see: dps-certs ca show  [default: the intermediate, if there is one]",
    },
    days: { describe: "lifetime", default: "30" },
    force: { describe: "replace devices that are there", type: "boolean" },
  },
  run: async (args, context) => {
    const ids = args.deviceIds("id");
    const days = args.integer("days", { min: 1, max: 36_500 });
    const { createNamedDevices } = await import("../flow/device-commands.ts");
    await createNamedDevices(context, {
      ids,
      days,
      issuer: args.text("issuer"),
      force: args.flag("force"),
    });
  },
};

const list: CommandSpec = {
  usage: "list",
  summary: "Lists the devices of the PKI folder.",
  examples: [
    ["dps-certs device list", "the devices in ./pki"],
    ["dps-certs device list --json", "with thumbprints and files, as JSON"],
  ],
  run: async (_args, context) => {
    const { listDevices } = await import("../flow/device-commands.ts");
    await listDevices(context);
  },
};

const register: CommandSpec = {
  usage: "register [id]",
  summary: "Registers a device over HTTPS with its TLS client certificate.",
  examples: [
    ["dps-certs device register thermostats-001", "one device of ./pki"],
    ["dps-certs device register --all", "each of them"],
  ],
  positionals: { id: { describe: "registration id" } },
  options: { all: { describe: "register every device of the PKI folder", type: "boolean" } },
  run: async (args, context) => {
    const id = args.optionalPositional("id");
    const all = args.flag("all");
    if ((id === undefined) !== all) throw usageError("name a device, or say --all");
    const { registerNamedDevices } = await import("../flow/device-commands.ts");
    await registerNamedDevices(context, id);
  },
};

export const deviceCommands: CommandGroup = {
  name: "device",
  summary: "Devices: their certificates and their registration.",
  commands: [create, list, register],
};
