import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
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
      hint: "it is its owner's alone: run the command as the user who started the emulator",
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
    throw new CliError("target", `cannot read the emulator's CA certificate ${file}`, {
      cause,
      hint: "it is ca.pem in the state folder of the emulator (DPS_EMULATOR_CA, or caFile in emulator.json)",
    });
  });
}

/** A copied state folder holds the file of the original's emulator. */
async function liesIn(folder: string, file: string): Promise<boolean> {
  const [real, parent] = await Promise.all(
    [folder, dirname(file)].map((path) => realpath(path).catch(() => undefined)),
  );
  return real !== undefined && real === parent;
}

/**
 * The emulator that is serving this state folder now, if any: it answers at the address it left, and
 * names the same state. A process id would not tell, since they are used again.
 */
export async function findServing(stateDir: string): Promise<EmulatorAccess | undefined> {
  // A file that cannot be read is no running emulator's: the next one to start writes it anew.
  const access = await readAccess(join(stateDir, EMULATOR_FILE)).catch(() => undefined);
  if (access === undefined || !(await liesIn(stateDir, access.caFile))) return undefined;
  const ca = await readCa(access.caFile).catch(() => undefined);
  if (ca === undefined) return undefined;
  const health = await fetchHealth(access.url, ca).catch(() => undefined);
  return health?.nonce === access.nonce ? access : undefined;
}
