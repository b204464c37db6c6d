import { createRequire } from "node:module";
import { resolve } from "node:path";
import yargs, { type Argv } from "yargs";
import type { Args } from "./args.ts";
import { type Context, type Handle, option, toGroupModule, toModule } from "./command.ts";
import { caCommands } from "./commands/ca.ts";
import { certificateCommands } from "./commands/certificate.ts";
import { cleanupCommand } from "./commands/cleanup.ts";
import { deviceCommands } from "./commands/device.ts";
import { emulatorCommands } from "./commands/emulator.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { groupCommands } from "./commands/group.ts";
import { CliError, reportOf, usageError } from "./errors.ts";
import { COMMON_OPTIONS, helpText } from "./help.ts";
import { type Io, processIo } from "./io.ts";
import { createReporter } from "./output/reporter.ts";
import { paint, printable } from "./output/text.ts";

const GLOBAL = {
  pki: option({ describe: "PKI folder", default: "pki" }),
  "state-dir": option({ describe: "state of the embedded emulator", default: ".dps-certs" }),
  target: option({ describe: "azure, embedded, an emulator's URL or its emulator.json" }),
  output: { ...option({ describe: "form of the result", choices: ["table", "json"] }), alias: "o" },
  json: option({ describe: "short for --output json", type: "boolean" }),
  quiet: option({ describe: "no progress, only the result", type: "boolean" }),
  verbose: option({ describe: "stack traces of errors", type: "boolean" }),
  yes: option({ describe: "do not ask before deleting", type: "boolean" }),
};

const COMMANDS = [enrollCommand, cleanupCommand];
const GROUPS = [caCommands, deviceCommands, certificateCommands, groupCommands, emulatorCommands];
const HELP_WIDTH = 100;

/**
 * The command line.
 *
 * @param argv - without node and the script
 * @returns the exit status: 0 done, 1 failed, 2 wrong usage
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const handle: Handle = (args, run) => run(args, contextOf(args, io));
  let output = "";
  try {
    await parser(handle).parseAsync([...argv], {}, (_error, _argv, text) => {
      output = text;
    });
  } catch (error) {
    return fail(error, argv, io);
  }
  if (output !== "") {
    io.stdout(argv.includes("--version") ? `${output}\n` : helpText(output, COMMANDS, GROUPS));
  }
  return 0;
}

function parser(handle: Handle): Argv {
  const built = yargs()
    .scriptName("dps-certs")
    .usage("dps-certs <command>")
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "boolean-negation": false,
    })
    .options(GLOBAL)
    .group([...Object.keys(GLOBAL), "help", "version"], COMMON_OPTIONS);
  for (const command of COMMANDS) built.command(toModule(command, "", handle));
  for (const group of GROUPS) built.command(toGroupModule(group, handle));
  return built
    .version(version())
    .demandCommand(1, "name a command")
    .recommendCommands()
    .strict()
    .wrap(HELP_WIDTH)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // Errors of commands come through here as well; a YError is yargs' own, about the arguments.
      if (error && error.name !== "YError") throw error;
      throw usageError(readable(message || error.message));
    });
}

const version = (): string =>
  (createRequire(import.meta.url)("../package.json") as { version: string }).version;

const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/^Unknown arguments?: /, "unknown option or argument: "],
  [/^Unknown command: /, "unknown command: "],
  [/^Did you mean (.+)\?$/, "unknown command; did you mean $1?"],
  [/^Not enough non-option arguments.*$/, "an argument is missing"],
  [/^Not enough arguments following: (.+)$/, "--$1 needs a value"],
  [/^Invalid values: +Argument: (\S+), Given: (.+), Choices: (.+)$/, "--$1 takes $3, not $2"],
];

/** yargs' messages in this program's words, on one line. */
function readable(message: string): string {
  const line = printable(message);
  return PHRASES.reduce((text, [pattern, words]) => text.replace(pattern, words), line);
}

const wantsJson = (args: Args) => args.flag("json") || args.text("output") === "json";

function contextOf(args: Args, io: Io): Context {
  const { isLive, cwd, env } = io;
  return {
    io,
    report: createReporter(io, {
      json: wantsJson(args),
      quiet: args.flag("quiet"),
      isLive,
      colour: isLive && !env.NO_COLOR,
    }),
    pki: resolve(cwd, args.required("pki")),
    stateDir: resolve(cwd, args.required("state-dir")),
    target: args.text("target"),
    yes: args.flag("yes"),
  };
}

/** Tells an error in one line and the way out in another; a stack trace only with --verbose. */
function fail(error: unknown, argv: readonly string[], io: Io): number {
  const report = reportOf(error);
  const isUsage = error instanceof CliError && error.code === "usage";
  const asJson = argv.includes("--json") || /(^| )(-o|--output)[ =]?json( |$)/.test(argv.join(" "));
  if (asJson) io.stdout(`${JSON.stringify({ error: report })}\n`);
  const sign = paint(io.isLive && !io.env.NO_COLOR, "red", "dps-certs:");
  io.stderr(`${sign} ${printable(report.message)}\n`);
  const hint = report.hint ?? (isUsage ? `see ${commandOf(argv)} --help` : undefined);
  if (hint) io.stderr(`  ${printable(hint)}\n`);
  if (argv.includes("--verbose") && error instanceof Error) io.stderr(`${error.stack}\n`);
  return isUsage ? 2 : 1;
}

/** The command that was meant, for a hint. */
function commandOf(argv: readonly string[]): string {
  const [first = "", second = ""] = argv;
  const group = GROUPS.find(({ name, aliases = [] }) => [name, ...aliases].includes(first));
  const verb = group?.commands.find(({ usage }) => usage.split(" ")[0] === second);
  const isCommand = COMMANDS.some(({ usage }) => usage.split(" ")[0] === first);
  return ["dps-certs", ...(group || isCommand ? [first] : []), ...(verb ? [second] : [])].join(" ");
}
