import { resolve } from "node:path";
import type { PasswordSource } from "@dps-certs/ca-tools";
import type { Args } from "./args.ts";
import type { Context, OptionSpec } from "./command.ts";
import { usageError } from "./errors.ts";
import { shortPath } from "./output/text.ts";

/** Of commands that use or make encrypted keys of CAs. A password itself is never an argument. */
export const PASSWORD_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "password-file": { describe: "file whose first line is the password of the CAs' private keys" },
  "password-env": { describe: "environment variable that holds this password" },
};

/** Of commands that make encrypted keys. */
export const ENCRYPT_OPTION: OptionSpec = {
  describe: "encrypt the private keys with a password that is asked for",
  type: "boolean",
};

/** Of commands that take a CA of one's own: they open its files. */
export const CA_PASSWORD_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "ca-password-file": {
    describe: "file whose first line is the password of --ca-key, or of a PFX",
  },
  "ca-password-env": { describe: "environment variable that holds this password" },
};

/** Longest password file that is read, in bytes. */
const MAX_PASSWORD_BYTES = 4096;

/**
 * Where a command gets the password of an encrypted key from: `--<kind>-file`, `--<kind>-env`, or the
 * person at the terminal, who is asked once a file.
 *
 * @param kind - beginning of the options' names. @default "password"
 */
export function passwordSource(args: Args, context: Context, kind = "password"): PasswordSource {
  const given = lazily(() => givenPassword(args, context, kind));
  const answers = new Map<string, Promise<string | undefined>>();
  const { askSecret, cwd } = context.io;
  return async (file) => {
    const password = await given();
    if (password !== undefined || askSecret === undefined) return password;
    const answer = answers.get(file) ?? askSecret(`Password of ${shortPath(cwd, file)}:`);
    answers.set(file, answer);
    return await answer;
  };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * The password that the options give; undefined where they give none.
 *
 * @throws {CliError} `usage` for both options at once, a variable that is not set, a file that cannot
 * be read, an empty password
 */
export async function givenPassword(
  args: Args,
  { io }: Context,
  kind = "password",
): Promise<string | undefined> {
  const [file, variable] = [args.text(`${kind}-file`), args.text(`${kind}-env`)];
  if (file !== undefined && variable !== undefined) {
    throw usageError(`--${kind}-file and --${kind}-env exclude one another`);
  }
  if (file !== undefined) return await firstLine(resolve(io.cwd, file), kind);
  if (variable === undefined) return undefined;
  const value = io.env[variable];
  if (value) return value;
  throw usageError(`--${kind}-env: the environment variable ${variable} is not set, or empty`);
}

/**
 * The password for keys that a command makes; undefined leaves them unencrypted. With `--encrypt` the
 * person at the terminal is asked twice.
 *
 * @throws {CliError} `usage` as {@link givenPassword}; also where nobody can answer, and when the two
 * answers differ
 */
export async function newKeyPassword(args: Args, context: Context): Promise<string | undefined> {
  const given = await givenPassword(args, context);
  if (given !== undefined || !args.flag("encrypt")) return given;
  const { askSecret } = context.io;
  if (askSecret === undefined) {
    throw usageError(
      "--encrypt asks for a password, and there is no terminal to ask on",
      "give it with --password-file or --password-env",
    );
  }
  const answer = await askSecret("Password for the private keys of the CAs:");
  if (!answer) throw usageError("no password was given");
  if ((await askSecret("Once more:")) === answer) return answer;
  throw usageError("the two passwords are not the same");
}

async function firstLine(path: string, kind: string): Promise<string> {
  const { open } = await import("node:fs/promises");
  const text = await open(path, "r")
    .then(async (handle) => {
      try {
        const { bytesRead, buffer } = await handle.read({
          buffer: Buffer.alloc(MAX_PASSWORD_BYTES),
        });
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await handle.close();
      }
    })
    .catch((error: NodeJS.ErrnoException) => {
      throw usageError(`--${kind}-file: cannot read ${path}: ${error.code ?? error.message}`);
    });
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line !== "") return line;
  throw usageError(`--${kind}-file: the first line of ${path} is empty`);
}
