import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let scratch: string | undefined;

/**
 * One folder for all that the tests and their child processes leave in temporary folders and in the
 * user's cache; gone after the run, whatever was killed in it.
 */
export function setup(): (() => void) | undefined {
  // Each project has its setup done, and one is enough.
  if (scratch !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "dps-certs-tests-"));
  scratch = folder;
  // Some tests have a child become another user.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, "cache"));
  Object.assign(process.env, { TMPDIR: folder, XDG_CACHE_HOME: join(folder, "cache") });
  return () => rmSync(folder, { recursive: true, force: true });
}
