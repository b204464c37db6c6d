import { cpSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../packages/cli", import.meta.url));

/**
 * Puts the command where a user would have it installed: what is published, which no build changes
 * meanwhile, and what it needs beside it.
 *
 * @param {string} folder
 * @returns {string} the file to run
 * @throws {Error} when what is published is not built, or older than the sources' build
 */
export function installIn(folder) {
  const require = createRequire(import.meta.url);
  if (!require(join(PACKAGE, "bin/bundle.js")).isFresh()) {
    throw new Error("the bundle is not built, or not anew: node tools/setup.js");
  }
  const installed = join(folder, "node_modules/dps-certs");
  for (const name of ["package.json", "bin", "bundle"]) {
    cpSync(join(PACKAGE, name), join(installed, name), { recursive: true });
  }
  symlinkSync(dirname(require.resolve("libsql")), join(folder, "node_modules/libsql"), "dir");
  return join(installed, "bin/dps-certs.js");
}
