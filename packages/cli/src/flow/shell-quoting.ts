/** Setting environment variables in the words of a shell, whatever the values are. */
import { usageError } from "../errors.ts";

export type Shell = "sh" | "fish" | "powershell" | "cmd";

const ASSIGNMENTS: Readonly<Record<Shell, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  fish: (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, "\\$&")}'\n`,
  // PowerShell takes the typographic quotes for plain ones.
  powershell: (name, value) => `$env:${name} = '${value.replace(/['\u2018-\u201b]/g, "$&$&")}'\n`,
  cmd: (name, value) => `set "${name}=${batchValue(name, value)}"\r\n`,
};

/** Lines that set the variables, for the shell to read as they stand. */
export function assignments(shell: Shell, variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => ASSIGNMENTS[shell](name, value))
    .join("");
}

/** As sh takes it for one word. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** As a batch file reads it, where `%` begins a variable's name. */
function batchValue(name: string, value: string): string {
  if (!/["\p{Cc}]/u.test(value)) return value.replaceAll("%", "%%");
  throw usageError(
    `cmd cannot hold the value of ${name}: it has several lines, or a quote`,
    "use --shell powershell",
  );
}
