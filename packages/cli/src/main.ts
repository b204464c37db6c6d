import { createRequire } from "node:module";
import { resolve } from "node:path";
import yargs, { type Argv } from "yargs";
import type { Args } from "./args.ts";
import { COMMANDS, COMMON, GROUPS, meantCommand } from "./catalogue.ts";
import {
  type CommandGroup,
  type CommandSpec,
  type Context,
  type Handle,
  option,
  toGroupModule,
  toModule,
} from "./command.ts";
import { shieldDashes } from "./dashes.ts";
import { CliError, reportOf } from "./errors.ts";
import { COMMON_OPTIONS, helpText } from "./help.ts";
import { type Io, processIo } from "./io.ts";
import { createReporter } from "./output/reporter.ts";
import { jsonText, paint, printable, printableLines } from "./output/text.ts";
import { readAzureOptions } from "./target/azure-options.ts";
import { checkOptionNames, complaint } from "./usage.ts";

const HELP_WIDTH = 100;

/**
 * The command line.
 *
 * @param argv - without node and the script
 * @returns the exit status: 0 done, 1 failed, 2 wrong usage
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  // yargs loses a lone - among several arguments.
  const words = argv.map((word) =>
    word === "-" ? "/dev/stdin" : word.replace(/^-o=?(?=.)/, "--output="),
  );
  let status = 0;
  const handle: Handle = async (args, run) => {
    const given = await run(args, contextOf(args, io));
    status = typeof given === "number" ? given : 0;
  };
  let output = "";
  try {
    checkOptionNames(words);
    await parser(words, handle).parseAsync(shieldDashes(words), {}, (_error, _argv, text) => {
      output = text;
    });
  } catch (error) {
    return fail(error, words, io);
  }
  if (output !== "") {
    io.stdout(argv.includes("--version") ? `${output}\n` : helpText(output, COMMANDS, GROUPS));
  }
  return status;
}

/** yargs writes a command's whole help before it runs it, in case somebody asks for it later. */
function withoutUnaskedHelp(built: Argv): Argv {
  const inner = built as unknown as {
    getInternalMethods: () => { getUsageInstance: () => { cacheHelpMessage: () => void } };
  };
  inner.getInternalMethods().getUsageInstance().cacheHelpMessage = () => undefined;
  return built;
}

function parser(argv: readonly string[], handle: Handle): Argv {
  const common = Object.entries(COMMON).map(([name, spec]) => [name, option(spec)]);
  const built = withoutUnaskedHelp(yargs())
    .scriptName("dps-certs")
    // Its messages are read and put into our own words.
    .locale("en")
    .usage("dps-certs <command>")
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "boolean-negation": false,
    })
    .options(Object.fromEntries(common))
    .group([...Object.keys(COMMON), "help", "version"], COMMON_OPTIONS);
  const [commands, groups] = meant(argv);
  for (const command of commands) built.command(toModule(command, "", handle));
  for (const group of groups) built.command(toGroupModule(group, handle));
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
      throw complaint(message || error.message, argv);
    });
}

/** All commands, or only the one that is named: describing all to yargs takes as long as many run. */
function meant([word = ""]: readonly string[]): [readonly CommandSpec[], readonly CommandGroup[]] {
  const commands = COMMANDS.filter(({ usage }) => usage.split(" ")[0] === word);
  const groups = GROUPS.filter(({ name, aliases = [] }) => [name, ...aliases].includes(word));
  return commands.length + groups.length > 0 ? [commands, groups] : [COMMANDS, GROUPS];
}

const version = (): string =>
  (createRequire(import.meta.url)("../package.json") as { version: string }).version;

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
    azure: readAzureOptions(args),
    yes: args.flag("yes"),
  };
}

/** Tells an error in one line and the way out in another; a stack trace only with --verbose. */
function fail(error: unknown, argv: readonly string[], io: Io): number {
  const report = reportOf(error);
  const isUsage = error instanceof CliError && error.code === "usage";
  const asJson = argv.includes("--json") || /(^| )(-o|--output)[ =]json( |$)/.test(argv.join(" "));
  if (asJson) io.stdout(`${jsonText({ error: report })}\n`);
  const sign = paint(io.isLive && !io.env.NO_COLOR, "red", "dps-certs:");
  io.stderr(`${sign} ${printable(report.message)}\n`);
  const hint = report.hint ?? (isUsage ? `see ${meantCommand(argv).command} --help` : undefined);
  if (hint) io.stderr(`  ${printable(hint)}\n`);
  if (argv.includes("--verbose") && error instanceof Error) {
    io.stderr(`${printableLines(error.stack ?? "")}\n`);
  }
  return isUsage ? 2 : 1;
}
