import type { CommandSpec } from "../../command.ts";
import {
  ENCRYPT_OPTION,
  newKeyPassword,
  PASSWORD_OPTIONS,
  requiredPassword,
} from "../../passwords.ts";

const ALGORITHMS = ["ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"];
const MAX_DAYS = 36_500;
const MAX_INTERMEDIATES = 8;

export const createCommand: CommandSpec = {
  usage: "create",
  summary: "Makes a root CA and a chain of intermediate CAs below it.",
  examples: [
    ["dps-certs ca create", "a chain in ./pki, EC P-256"],
    ["dps-certs ca create --algorithm rsa-4096 --root-days 730", "RSA, valid for two years"],
    ["dps-certs ca create --intermediates 3", "three intermediates, each below the other"],
    ["dps-certs ca create --encrypt", "ask for a password and encrypt the keys"],
    ["dps-certs ca create --force", "replace the chain; the old one goes to pki/old-<time>/"],
  ],
  options: {
    subject: {
      describe: "beginning of the CAs' common names  [default: as before, or dps-certs Test]",
    },
    algorithm: {
      describe: "kind of keys, of this chain and what it issues  [default: as before, or ec-p256]",
      choices: ALGORITHMS,
    },
    intermediates: { describe: "how many intermediates, 1 to 8", default: "1" },
    "root-days": { describe: "lifetime of the root", default: "365" },
    "intermediate-days": { describe: "lifetime of each intermediate", default: "180" },
    ...PASSWORD_OPTIONS,
    encrypt: ENCRYPT_OPTION,
    force: { describe: "replace the chain that is there", type: "boolean" },
  },
  run: async (args, context) => {
    const options = {
      subject: args.text("subject"),
      algorithm: args.text("algorithm"),
      rootDays: args.integer("root-days", { min: 1, max: MAX_DAYS }),
      intermediateDays: args.integer("intermediate-days", { min: 1, max: MAX_DAYS }),
      intermediates: args.integer("intermediates", { min: 1, max: MAX_INTERMEDIATES }) ?? 1,
      force: args.flag("force"),
      password: await newKeyPassword(args, context),
      unlock: requiredPassword(args, context),
    };
    const { createChain } = await import("../../flow/ca-commands.ts");
    await createChain(context, options);
  },
};
