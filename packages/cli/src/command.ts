import type { Argv, CommandModule, Options } from "yargs";
import { Args } from "./args.ts";
import { unshieldDashes } from "./dashes.ts";
import type { Io } from "./io.ts";
import type { Reporter } from "./output/reporter.ts";
import type { AzureOptions } from "./target/azure-options.ts";

/** What each command is given besides its arguments. */
export interface Context {
  io: Io;
  report: Reporter;
  /** PKI folder, absolute. */
  pki: string;
  /** State folder of the embedded emulator, absolute. */
  stateDir: string;
  target: string | undefined;
  /** What the command line says of a service in Azure. */
  azure?: AzureOptions;
  yes: boolean;
}

export interface OptionSpec {
  describe: string;
  /** @default a string that takes a value */
  type?: "boolean";
  default?: string;
  /** One letter. */
  alias?: string;
  choices?: readonly string[];
}

export interface CommandSpec {
  /** As yargs writes it: `show <name>`. */
  usage: string;
  summary: string;
  /** Command lines that can be run as they stand, and what each does. */
  examples: readonly (readonly [command: string, effect: string])[];
  positionals?: Readonly<Record<string, { describe: string; array?: boolean }>>;
  options?: Readonly<Record<string, OptionSpec>>;
  /**
   * Imports what it needs when it runs, so that `--help` starts at once. A number that it gives is the
   * exit status.
   */
  run: (args: Args, context: Context) => Promise<unknown>;
}

export interface CommandGroup {
  name: string;
  aliases?: readonly string[];
  summary: string;
  commands: readonly CommandSpec[];
}

export type Handle = (args: Args, run: CommandSpec["run"]) => Promise<void>;

export const option = ({ type = undefined, ...rest }: OptionSpec): Options =>
  type === "boolean"
    ? { ...rest, type: "boolean" as const }
    : { ...rest, type: "string" as const, requiresArg: true };

/** Makes a command known to yargs. Its usage line is what `helpText` finds its examples by. */
export function toModule(spec: CommandSpec, path: string, handle: Handle): CommandModule {
  return {
    command: spec.usage,
    describe: spec.summary,
    builder: (yargs: Argv) => {
      let built = yargs.usage(usageLine(spec, path));
      for (const [name, { describe, array = false }] of Object.entries(spec.positionals ?? {})) {
        built = built.positional(name, { describe, type: "string", array });
      }
      for (const [name, details] of Object.entries(spec.options ?? {})) {
        built = built.option(name, option(details));
      }
      return built;
    },
    handler: (values) => handle(new Args(unshieldDashes(values)), spec.run),
  };
}

export function toGroupModule(group: CommandGroup, handle: Handle): CommandModule {
  return {
    command: group.name,
    aliases: [...(group.aliases ?? [])],
    describe: group.summary,
    builder: (yargs: Argv) =>
      group.commands
        .reduce<Argv>(
          (built, spec) => built.command(toModule(spec, `${group.name} `, handle)),
          yargs.usage(`dps-certs ${group.name} <command>`),
        )
        .demandCommand(1, "name a command"),
    handler: () => undefined,
  };
}

export const usageLine = ({ usage }: CommandSpec, path: string): string =>
  `dps-certs ${path}${usage}`;
