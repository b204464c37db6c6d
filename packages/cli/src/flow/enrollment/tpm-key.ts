import { resolve } from "node:path";
import { readAtMost } from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";

/** A key of a TPM has some hundred bytes. */
const MAX_BYTES = 16 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * A public key of a TPM, as its tools write it: base64, maybe over several lines.
 *
 * @param option - name of the option that gave the file, for errors
 * @throws {CliError} `usage`
 */
export async function readTpmKey(
  { io }: Pick<Context, "io">,
  file: string,
  option: string,
): Promise<string> {
  const path = resolve(io.cwd, file);
  const refuse = (problem: string) => usageError(`--${option}: ${path} ${problem}`);
  const bytes = await readAtMost(path, MAX_BYTES, { refuse }).catch((error: Error) => {
    throw error instanceof CliError ? error : usageError(`--${option}: ${error.message}`);
  });
  const key = bytes.toString("latin1").replace(/\s+/g, "");
  if (key !== "" && BASE64.test(key)) return key;
  throw refuse("does not hold a key in base64");
}
