import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";
import { ISSUER_OPTION, KEY_PASSWORD_OPTIONS, MAX_DAYS, PFX_OPTIONS } from "./options.ts";

const ALGORITHMS = ["ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"];

export const createCommand: CommandSpec = {
  usage: "create <id...>",
  summary: "Makes a key, a certificate and a full chain for each device.",
  examples: [
    ["dps-certs device create sensor-1 sensor-2", "signed by the folder's intermediate CA"],
    ["dps-certs device create sensor-1 --issuer root --days 90", "signed by the root, for 90 days"],
    ["dps-certs device create sensor-1 --force", "replace it; the old files go to pki/old-<time>/"],
    ["dps-certs device create sensor-1 --pfx", "and a PFX, whose password is asked for"],
    ["dps-certs device create gw-1 --edge ca", "the CA of an IoT Edge device, gw-1.ca"],
    ["dps-certs device create gw-1 --edge server --ip 10.0.0.5", "its server certificate"],
  ],
  positionals: { id: { describe: "registration ids; each becomes the common name", array: true } },
  options: {
    issuer: ISSUER_OPTION,
    days: { describe: "lifetime", default: "30" },
    algorithm: { describe: "kind of keys  [default: that of the chain]", choices: ALGORITHMS },
    force: { describe: "replace devices that are there", type: "boolean" },
    edge: {
      describe: "a certificate of an IoT Edge device",
      choices: ["ca", "identity", "server"],
    },
    dns: { describe: "host names of an Edge server beside its id, with commas between" },
    ip: { describe: "addresses of an Edge server, with commas between" },
    ...PFX_OPTIONS,
    ...KEY_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const ids = args.deviceIds("id");
    const days = args.integer("days", { min: 1, max: MAX_DAYS });
    const edge = args.text("edge") as "ca" | "identity" | "server" | undefined;
    const [dns, ip] = [args.names("dns"), args.names("ip")];
    if (dns.length + ip.length > 0 && edge !== "server") {
      throw usageError("--dns and --ip are of --edge server: DPS looks at a device's common name");
    }
    const [{ createNamedDevices }, { newSecrets }] = await Promise.all([
      import("../../flow/device-commands.ts"),
      import("../../flow/device-secrets.ts"),
    ]);
    await createNamedDevices(context, {
      ids,
      days,
      edge,
      names: { dns, ip },
      algorithm: args.text("algorithm"),
      issuer: args.text("issuer"),
      force: args.flag("force"),
      password: passwordSource(args, context),
      secrets: () => newSecrets(args, context),
    });
  },
};
