import { resolve } from "node:path";
import type { Args } from "../../args.ts";
import type { CommandSpec, Context } from "../../command.ts";
import { usageError } from "../../errors.ts";
import {
  ENCRYPT_OPTION,
  givenPassword,
  newKeyPassword,
  PASSWORD_OPTIONS,
  requiredPassword,
} from "../../passwords.ts";

const ALGORITHMS = ["ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"];
const MAX_DAYS = 36_500;
const MAX_INTERMEDIATES = 8;
/** As many as a service has enrollment groups of X.509 CAs. */
const MAX_SHARDS = 100;

export const createCommand: CommandSpec = {
  usage: "create",
  summary: "Makes a root CA and a chain of intermediate CAs below it.",
  examples: [
    ["dps-certs ca create", "a chain in ./pki, EC P-256"],
    ["dps-certs ca create --algorithm rsa-4096 --root-days 730", "RSA, valid for two years"],
    ["dps-certs ca create --intermediates 3", "three intermediates, each below the other"],
    ["dps-certs ca create --encrypt", "ask for a password and encrypt the keys"],
    [
      "dps-certs ca create --shards 10 --out shards",
      "a CA for each of ten machines, in a folder without the root's key",
    ],
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
    shards: { describe: "CAs for so many machines, 1 to 100, each in a folder of its own" },
    out: { describe: "folder for the folders of --shards" },
    "shard-password-file": {
      describe: "file whose first line is the password of the shards' keys  [default: the root's]",
    },
    "shard-password-env": { describe: "environment variable that holds this password" },
    ...PASSWORD_OPTIONS,
    encrypt: ENCRYPT_OPTION,
    force: {
      describe: "replace the chain that is there; of --shards, those that are not in --out",
      type: "boolean",
    },
  },
  run: async (args, context) => {
    const shards = args.integer("shards", { min: 1, max: MAX_SHARDS });
    if (shards !== undefined) return await runShards(args, context, shards);
    const stray = ["out", "shard-password-file", "shard-password-env"].find(
      (name) => args.text(name) !== undefined,
    );
    if (stray !== undefined) throw usageError(`--${stray} is of --shards`);
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

async function runShards(args: Args, context: Context, count: number): Promise<void> {
  const out = args.text("out");
  if (out === undefined) throw usageError("--shards needs a folder for theirs", "--out shards");
  const levels = args.integer("intermediates", { min: 1, max: MAX_INTERMEDIATES }) ?? 1;
  if (levels > 1) throw usageError("--shards makes one CA for each, and no --intermediates");
  const options = {
    count,
    out: resolve(context.io.cwd, out),
    subject: args.text("subject"),
    algorithm: args.text("algorithm"),
    rootDays: args.integer("root-days", { min: 1, max: MAX_DAYS }),
    intermediateDays: args.integer("intermediate-days", { min: 1, max: MAX_DAYS }),
    force: args.flag("force"),
    shardPassword: await givenPassword(args, context, "shard-password"),
    password: await newKeyPassword(args, context),
    unlock: requiredPassword(args, context),
  };
  const { createShards } = await import("../../flow/shards/create-command.ts");
  await createShards(context, options);
}
