import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Whether the tests can hold our output against this program.
 *
 * With `DPS_CERTS_TEST_ORACLES=all` a missing program fails its tests in place of skipping them.
 *
 * @param program - command name, e.g. `certtool`
 */
export function has(program: string): boolean {
  if (process.env.DPS_CERTS_TEST_ORACLES === "all") return true;
  const names = process.platform === "win32" ? [`${program}.exe`, `${program}.cmd`] : [program];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => names.some((name) => isExecutable(join(folder, name))));
}

/** Whether the openssl command knows RC2: packagers may leave its legacy provider out. */
export function hasLegacyOpenssl(): boolean {
  if (process.env.DPS_CERTS_TEST_ORACLES === "all") return true;
  return spawnSync("openssl", ["list", "-providers", "-provider", "legacy"]).status === 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs GnuTLS's certtool, an implementation that shares no code with OpenSSL's.
 *
 * @param password - handed over by its input
 * @returns both streams
 */
export function certtool(args: readonly string[], cwd: string, password = ""): string {
  const input = `${password}\n`;
  const { status, stdout, stderr, error } = spawnSync("certtool", args, {
    cwd,
    input,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`certtool ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout + stderr;
}
