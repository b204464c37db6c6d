import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./openssl.ts";

/** Folder with the original script and its two configuration files; tests that need it are skipped without. */
export const ORIGINAL: string | undefined = process.env.CERTGEN_DIR;

const FILES = ["certGen.sh", "openssl_root_ca.cnf", "openssl_device_intermediate_ca.cnf"];

/** Runs the original script in a folder, with its files beside. */
export function runOriginal(folder: string, ...args: readonly string[]): Outcome {
  for (const name of FILES) copyFileSync(join(ORIGINAL ?? "", name), join(folder, name));
  // It ends in silence where there is no terminal.
  const env = { PATH: process.env.PATH, HOME: folder, TERM: "xterm", PWD: folder };
  const { status, stdout, stderr, error } = spawnSync("bash", ["certGen.sh", ...args], {
    ...{ cwd: folder, env, encoding: "utf8" },
  });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}
