import type { CommandGroup, CommandSpec } from "../command.ts";

const ALGORITHMS = ["ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"];
const MAX_DAYS = 36_500;

const create: CommandSpec = {
  usage: "create",
  summary: "Makes a root CA and an intermediate CA below it.",
  examples: [
    ["dps-certs ca create", "a chain in ./pki, EC P-256"],
    ["dps-certs ca create --algorithm rsa-4096 --root-days 730", "RSA, valid for two years"],
    ["dps-certs ca create --force", "replace the chain; the old one goes to pki/old-<time>/"],
  ],
  options: {
    subject: {
      describe: "beginning of the CAs' common names  [default: as before, or dps-certs Test]",
    },
    algorithm: { describe: "kind of keys", choices: ALGORITHMS, default: "ec-p256" },
    "root-days": { describe: "lifetime of the root", default: "365" },
    "intermediate-days": { describe: "lifetime of the intermediate", default: "180" },
    force: { describe: "replace the chain that is there", type: "boolean" },
  },
  run: async (args, context) => {
    const options = {
      subject: args.text("subject"),
      algorithm: args.required("algorithm"),
      rootDays: args.integer("root-days", { min: 1, max: MAX_DAYS }),
      intermediateDays: args.integer("intermediate-days", { min: 1, max: MAX_DAYS }),
      force: args.flag("force"),
    };
    const { createChain } = await import("../flow/ca-commands.ts");
    await createChain(context, options);
  },
};

const show: CommandSpec = {
  usage: "show",
  summary: "Shows the CAs of the PKI folder.",
  examples: [
    ["dps-certs ca show", "the chain in ./pki"],
    ["dps-certs ca show --pki ~/lab --json", "another folder's, as JSON"],
  ],
  run: async (_args, context) => {
    const { showCas } = await import("../flow/ca-commands.ts");
    await showCas(context);
  },
};

export const caCommands: CommandGroup = {
  name: "ca",
  summary: "The CA chain of the PKI folder.",
  commands: [create, show],
};
