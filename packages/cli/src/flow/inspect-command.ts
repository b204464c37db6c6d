import { describeItems, type Inspected } from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { inspectText } from "./inspect-text.ts";
import { readFiles } from "./read-input.ts";

export interface InspectOptions {
  files: readonly string[];
  /** Of encrypted keys: told, not asked for. */
  password: string | undefined;
  /** Of PFX files. */
  pfxPassword: (file: string) => Promise<string | undefined>;
  colour: boolean;
  stdin?: AsyncIterable<Uint8Array>;
}

/** @returns 1 when something could not be read, or nothing is there */
export async function inspectFiles(
  { io, report }: Context,
  { files, password, pfxPassword, colour, stdin }: InspectOptions,
): Promise<number> {
  const sources = { password: () => Promise.resolve(password), pfxPassword };
  const found = describeItems(await readFiles(io.cwd, files, sources, stdin));
  report.result(found, inspectText(found, { now: io.now(), colour }));
  return found.length === 0 || found.some(hasFailed) ? 1 : 0;
}

const hasFailed = (one: Inspected) => "error" in one && one.error !== undefined;
