import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { CliError } from "../errors.ts";
import { EMULATOR_FILE, EmulatorAccess } from "./access.ts";
import { fetchHealth } from "./health.ts";

/** Reads an `emulator.json`; undefined when there is none. */
export async function readAccess(file: string): Promise<EmulatorAccess | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new CliError("target", `cannot read ${file}: ${error.code ?? error.message}`, {
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  const access = v.safeParse(v.pipe(v.string(), v.parseJson(), EmulatorAccess), text);
  if (access.success) return access.output;
  // Without the schema's own words: they quote the file, which holds keys.
  throw new CliError("target", `${file} is not what dps-certs emulator start leaves there`, {
    hint: "delete the file and start the emulator again",
  });
}

/** The certificate authority of an emulator, as PEM. */
export async function readCa(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CliError("target", `cannot read the emulator's CA certificate ${file}`, { cause });
  });
}

/**
 * The emulator that is serving this state folder now, if any: it answers at the address it left, and
 * names the same state. A process id would not tell, since they are used again.
 */
export async function findServing(stateDir: string): Promise<EmulatorAccess | undefined> {
  const access = await readAccess(join(stateDir, EMULATOR_FILE));
  if (access === undefined) return undefined;
  const ca = await readCa(access.caFile).catch(() => undefined);
  if (ca === undefined) return undefined;
  const health = await fetchHealth(access.url, ca).catch(() => undefined);
  return health?.nonce === access.nonce ? access : undefined;
}
