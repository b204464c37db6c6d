import { quote } from "./args.ts";
import { COMMANDS, COMMON, GROUPS, meantCommand } from "./catalogue.ts";
import type { OptionSpec } from "./command.ts";
import { type CliError, usageError } from "./errors.ts";
import { printable } from "./output/text.ts";

const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/^Unknown arguments?: /, "unknown argument: "],
  [/^Unknown command: /, "unknown command: "],
  [/^Did you mean (.+)\?$/, "unknown command; did you mean $1?"],
  [/^Not enough arguments following: (.+)$/, "--$1 needs a value"],
  [/^Invalid values: +Argument: (\S+), Given: (.+), Choices: (.+)$/, "--$1 takes $3, not $2"],
];

/** yargs' complaint in this program's words, on one line. */
export function complaint(message: string, argv: readonly string[]): CliError {
  const line = printable(message);
  if (line.startsWith("Not enough non-option arguments")) {
    const { usage, spec } = meantCommand(argv);
    const missing = spec?.usage.match(/<[^>]+>/)?.[0];
    if (missing !== undefined) return usageError(`${missing} is missing: ${usage}`);
  }
  return usageError(PHRASES.reduce((text, [pattern, words]) => text.replace(pattern, words), line));
}

/**
 * Refuses options that the command does not have, by name, before yargs counts arguments: an unknown
 * option would swallow the argument behind it.
 *
 * @throws {CliError} `usage`
 */
export function checkOptionNames(argv: readonly string[]): void {
  const known = knownOptions(argv);
  let isValue = false;
  for (const word of argv) {
    if (word === "--") return;
    const name = isValue ? undefined : optionName(word);
    isValue = false;
    if (name === undefined) continue;
    const spec = known.get(name);
    if (spec === undefined) throw unknownOption(word, name, known);
    isValue = spec.type !== "boolean" && !word.includes("=");
  }
}

function knownOptions(argv: readonly string[]): Map<string, OptionSpec> {
  const { spec } = meantCommand(argv);
  const all = [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)];
  const own = (spec ? [spec] : all).flatMap(({ options = {} }) => Object.entries(options));
  const flag: OptionSpec = { describe: "", type: "boolean" };
  const common = Object.entries(COMMON);
  const short = common.flatMap(([, one]) => (one.alias ? [[one.alias, one] as const] : []));
  return new Map([["help", flag], ["version", flag], ...common, ...short, ...own]);
}

const optionName = (word: string): string | undefined => /^--?([^-=][^=]*)/.exec(word)?.[1];

function unknownOption(
  word: string,
  name: string,
  known: ReadonlyMap<string, OptionSpec>,
): CliError {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const like = [...known.keys()].find(
    (one) =>
      one.length > 1 &&
      plain(name).length > 1 &&
      (plain(one).startsWith(plain(name)) || plain(name).startsWith(plain(one))),
  );
  const suggestion = like ? `; did you mean --${like}?` : "";
  return usageError(`unknown option ${quote(word.split("=")[0] ?? word)}${suggestion}`);
}
