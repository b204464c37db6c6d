import type { PfxOptions } from "@dps-certs/ca-tools";
import type { Args } from "../args.ts";
import type { Context } from "../command.ts";
import { usageError } from "../errors.ts";
import { givenPassword } from "../passwords.ts";

/** What protects the files that a command makes. */
export interface NewSecrets {
  keyPassword?: string;
  pfx?: PfxOptions;
}

/**
 * The passwords that the options give for new files; that of a PFX is asked for on a terminal.
 *
 * @throws {CliError} `usage`
 */
export async function newSecrets(args: Args, context: Context): Promise<NewSecrets> {
  const keyPassword = await givenPassword(args, context, "key-password");
  const password = await givenPassword(args, context, "pfx-password");
  const legacy = args.flag("legacy");
  if (!args.flag("pfx")) {
    if (!legacy && password === undefined) return keyPassword === undefined ? {} : { keyPassword };
    throw usageError("--legacy and the PFX's password are of --pfx", "say --pfx as well");
  }
  const form = legacy ? ("legacy" as const) : ("modern" as const);
  const pfx = { password: password ?? (await askTwice(context)), form };
  return { pfx, ...(keyPassword !== undefined && { keyPassword }) };
}

async function askTwice({ io: { askSecret } }: Context): Promise<string> {
  const first = await askSecret?.("Password for the PFX:");
  if (first === undefined) {
    throw usageError(
      "a PFX needs a password",
      "give it with --pfx-password-file or --pfx-password-env",
    );
  }
  if ((await askSecret?.("Once more:")) === first) return first;
  throw usageError("the two passwords differ; nothing was made");
}
