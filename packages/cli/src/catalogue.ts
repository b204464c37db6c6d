import { type CommandGroup, type CommandSpec, type OptionSpec, usageLine } from "./command.ts";
import { caCommands } from "./commands/ca/index.ts";
import { certgenCommands } from "./commands/certgen/index.ts";
import { certificateCommands } from "./commands/certificate/index.ts";
import { checkCommand } from "./commands/check.ts";
import { cleanupCommand } from "./commands/cleanup.ts";
import { deviceCommands } from "./commands/device/index.ts";
import { emulatorCommands } from "./commands/emulator.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { enrollmentCommands } from "./commands/enrollment/index.ts";
import { groupCommands } from "./commands/group/index.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { registrationCommands } from "./commands/registration/index.ts";
import { AZURE_OPTIONS } from "./target/azure-options.ts";

/** Every command there is. */
export const COMMANDS: readonly CommandSpec[] = [
  enrollCommand,
  inspectCommand,
  checkCommand,
  cleanupCommand,
];
export const GROUPS: readonly CommandGroup[] = [
  caCommands,
  deviceCommands,
  certificateCommands,
  groupCommands,
  enrollmentCommands,
  registrationCommands,
  emulatorCommands,
  certgenCommands,
];

/** What every command takes. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  pki: { describe: "PKI folder", default: "pki" },
  "state-dir": { describe: "state of the embedded emulator", default: ".dps-certs" },
  target: { describe: "azure, embedded, an emulator's URL or its emulator.json" },
  ...AZURE_OPTIONS,
  output: { describe: "form of the result", choices: ["table", "json"], alias: "o" },
  json: { describe: "short for --output json", type: "boolean" },
  quiet: { describe: "no progress, only the result", type: "boolean" },
  verbose: { describe: "stack traces of errors", type: "boolean" },
  yes: { describe: "do not ask before deleting or writing to Azure", type: "boolean" },
};

export interface Meant {
  /** As it is typed, without arguments: `dps-certs device create`. */
  command: string;
  /** With its arguments: `dps-certs device create <id...>`. */
  usage: string;
  spec: CommandSpec | undefined;
}

/** The command that a command line begins with, as far as it can be told. */
export function meantCommand(argv: readonly string[]): Meant {
  const [first = "", second = ""] = argv;
  const is = (word: string) => (spec: CommandSpec) => spec.usage.split(" ")[0] === word;
  const group = GROUPS.find(({ name, aliases = [] }) => [name, ...aliases].includes(first));
  const spec = group ? group.commands.find(is(second)) : COMMANDS.find(is(first));
  if (spec !== undefined) {
    const command = ["dps-certs", first, ...(group ? [second] : [])].join(" ");
    return { command, usage: usageLine(spec, group ? `${first} ` : ""), spec };
  }
  const command = group ? `dps-certs ${first}` : "dps-certs";
  return { command, usage: `${command} <command>`, spec: undefined };
}
