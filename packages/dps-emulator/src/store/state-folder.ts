import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EmulatorError, type EmulatorErrorCode } from "../errors.ts";

/** The database; SQLite keeps `-wal` and `-shm` beside it, and gives them the same mode. */
export const STATE_FILE = "state.db";
/** The certificate that signs the server's, for clients to trust. */
export const CA_FILE = "ca.pem";

/** What may lie in a state folder whose first start did not come to its end. */
const OURS = /^(\.gitignore|emulator\.json|ca\.pem(\..*)?|state\.db(-wal|-shm|-journal)?)$/;

/**
 * Makes the folder of a state (0700, with a `.gitignore` of `*`) and its file (0600) before SQLite
 * would make it with the umask's mode: it holds keys.
 *
 * @returns path of the database file
 * @throws {EmulatorError} `state-not-a-folder`, `state-foreign`, `state-not-writable`
 */
export function prepareStateFolder(stateDir: string): string {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    if (!statSync(stateDir).isDirectory()) throw notAFolder(stateDir);
    refuseForeign(stateDir);
    // Writable for us, before anything in it is touched.
    accessSync(stateDir, constants.W_OK | constants.X_OK);
    if ((statSync(stateDir).mode & 0o077) !== 0) chmodSync(stateDir, 0o700);
    createIfAbsent(join(stateDir, ".gitignore"), "*\n");
    const file = join(stateDir, STATE_FILE);
    createIfAbsent(file, "");
    closeSync(openSync(file, "r+"));
    return file;
  } catch (cause) {
    throw cause instanceof EmulatorError ? cause : folderError(stateDir, cause);
  }
}

function refuseForeign(stateDir: string): void {
  const names = readdirSync(stateDir);
  if (names.includes(STATE_FILE)) return;
  const foreign = names.find((name) => !OURS.test(name));
  if (foreign === undefined) return;
  throw new EmulatorError(
    "state-foreign",
    `${stateDir} is not a state folder of the emulator: it holds "${foreign}" and no ${STATE_FILE}; ` +
      "name an empty or a new folder",
  );
}

function createIfAbsent(file: string, content: string): void {
  try {
    writeFileSync(file, content, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function folderError(stateDir: string, cause: unknown): EmulatorError {
  const code = codeOf(cause);
  if (code === "EEXIST" || code === "ENOTDIR") return notAFolder(stateDir, cause);
  const kind: EmulatorErrorCode = "state-not-writable";
  const message =
    `the state folder ${stateDir} cannot be written (${code ?? "unknown reason"}); ` +
    "give yourself the right to write it, name another folder, or keep the state in memory";
  return new EmulatorError(kind, message, { cause });
}

function notAFolder(stateDir: string, cause?: unknown): EmulatorError {
  const message = `${stateDir} is not a folder, or lies below something that is none; name another state folder`;
  return new EmulatorError("state-not-a-folder", message, { cause });
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
