import { resolve } from "node:path";
import type { PasswordSource } from "@dps-certs/ca-tools";
import type { Args } from "./args.ts";
import type { Context, OptionSpec } from "./command.ts";
import { CliError, usageError } from "./errors.ts";
import { exposedMode } from "./flow/exposed-mode.ts";
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
  const answers = new Map<string, Promise<string | undefined>>();
  const { askSecret, cwd } = context.io;
  return async (file) => {
    const password = await givenPassword(args, context, kind);
    if (password !== undefined || askSecret === undefined) return password;
    const answer = answers.get(file) ?? askSecret(`Password of ${shortPath(cwd, file)}:`);
    answers.set(file, answer);
    return await answer;
  };
}

/**
 * As {@link passwordSource}, for commands that cannot do without: where there is no password, the
 * error names the options that give it.
 *
 * @returns rejects with CaToolsError `password-required`
 */
export function requiredPassword(args: Args, context: Context, kind = "password"): PasswordSource {
  const source = passwordSource(args, context, kind);
  return async (file) => {
    const password = await source(file);
    if (password !== undefined) return password;
    const { CaToolsError } = await import("@dps-certs/ca-tools");
    const problem = `${file} is encrypted, and no password was given`;
    const hint = `give it with --${kind}-file or --${kind}-env`;
    throw new CaToolsError("password-required", problem, { file, hint });
  };
}

/** What the options of a command gave: a pipe can be read once, and a warning is said once. */
const readBefore = new WeakMap<Args, Map<string, Promise<string | undefined>>>();

/**
 * The password that the options give; undefined where they give none.
 *
 * @throws {CliError} `usage` for both options at once, a variable that is not set, a file that cannot
 * be read or whose first line is empty or no text in UTF-8
 */
export async function givenPassword(
  args: Args,
  context: Pick<Context, "io" | "report">,
  kind = "password",
): Promise<string | undefined> {
  const before = readBefore.get(args) ?? new Map<string, Promise<string | undefined>>();
  readBefore.set(args, before);
  const password = before.get(kind) ?? readGiven(args, context, kind);
  before.set(kind, password);
  return await password;
}

async function readGiven(
  args: Args,
  { io, report }: Pick<Context, "io" | "report">,
  kind: string,
): Promise<string | undefined> {
  const [file, variable] = [args.text(`${kind}-file`), args.text(`${kind}-env`)];
  if (file !== undefined && variable !== undefined) {
    throw usageError(`--${kind}-file and --${kind}-env exclude one another`);
  }
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    const line = await firstLine(path, kind);
    const mode = await exposedMode(path);
    if (mode !== undefined) report.warn(`${file} holds a password and has mode ${mode}`);
    return line;
  }
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

/** Text in UTF-8, whose mark at the beginning, which some editors write, is no part of it. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const LINE_FEED = 10;

async function firstLine(path: string, kind: string): Promise<string> {
  const problem = (is: string) => usageError(`--${kind}-file: ${path} ${is}`);
  const bytes = await beginningOf(path, kind);
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0 && bytes.length > MAX_PASSWORD_BYTES) {
    throw problem(`has a first line of more than ${MAX_PASSWORD_BYTES} bytes`);
  }
  const line = textOf(end < 0 ? bytes : bytes.subarray(0, end))?.replace(/\r$/, "");
  // A key under a password that other programs read otherwise could not be opened by them.
  if (line === undefined || /\p{Cc}/u.test(line)) throw problem("is no line of text in UTF-8");
  if (line === "") throw usageError(`--${kind}-file: the first line of ${path} is empty`);
  return line;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

async function beginningOf(path: string, kind: string): Promise<Uint8Array> {
  const { readAtMost } = await import("@dps-certs/ca-tools");
  const option = `--${kind}-file`;
  const refuse = (problem: string) => usageError(`${option}: ${path} ${problem}`);
  return await readAtMost(path, MAX_PASSWORD_BYTES + 1, { refuse }).catch((error: Error) => {
    throw error instanceof CliError ? error : usageError(`${option}: ${error.message}`);
  });
}
