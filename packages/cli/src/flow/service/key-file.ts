import { resolve } from "node:path";
import { readAtMost } from "@dps-certs/ca-tools";
import { SYMMETRIC_KEY_BYTES } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";
import { exposedMode } from "../exposed-mode.ts";

/** base64 of the longest key, with room for blanks and an end of line. */
const MAX_BYTES = 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The symmetric key on the first line of a file. A secret.
 *
 * @param option - name of the option that gave the file, for errors
 * @returns base64 of 16 to 64 bytes
 * @throws {CliError} `usage`, which never quotes what the file holds
 */
export async function readKeyFile(
  { io, report }: Pick<Context, "io" | "report">,
  file: string,
  option: string,
): Promise<string> {
  const path = resolve(io.cwd, file);
  const refuse = (problem: string) => usageError(`--${option}: ${path} ${problem}`);
  const bytes = await readAtMost(path, MAX_BYTES, { refuse }).catch((error: Error) => {
    throw error instanceof CliError ? error : usageError(`--${option}: ${error.message}`);
  });
  const mode = await exposedMode(path);
  if (mode !== undefined) report.warn(`${file} holds a symmetric key and has mode ${mode}`);
  const key = bytes.toString("latin1").split("\n", 1)[0]?.trim() ?? "";
  const { length } = Buffer.from(key, "base64");
  const { min, max } = SYMMETRIC_KEY_BYTES;
  if (BASE64.test(key) && length >= min && length <= max) return key;
  throw refuse(`does not begin with a key: base64 of ${min} to ${max} bytes`);
}
