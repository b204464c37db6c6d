import type { CommandSpec } from "../command.ts";
import { givenPassword, passwordSource } from "../passwords.ts";

export const inspectCommand: CommandSpec = {
  usage: "inspect <file...>",
  summary: "Shows certificates, keys, requests, CRLs and PFX files, and what belongs to what.",
  examples: [
    ["dps-certs inspect chain.pem", "the chain as a tree, from the root to the leaf"],
    ["dps-certs inspect device.pem device.key root.der", "several files as one picture"],
    ["dps-certs inspect device.pfx --password-file secret.txt", "what a PFX holds"],
  ],
  positionals: {
    file: { describe: "PEM, DER, base64 or PFX, whatever its name; - is stdin", array: true },
  },
  options: {
    "password-file": { describe: "file whose first line is the password of keys and PFX files" },
    "password-env": { describe: "environment variable that holds this password" },
  },
  run: async (args, context) => {
    const password = await givenPassword(args, context);
    const { inspectFiles } = await import("../flow/inspect-command.ts");
    return await inspectFiles(context, {
      files: args.texts("file"),
      password,
      pfxPassword: passwordSource(args, context),
      // The result goes to stdout, which may be a pipe where stderr is a terminal.
      colour: context.io.isLive && process.stdout.isTTY === true && !context.io.env.NO_COLOR,
    });
  },
};
