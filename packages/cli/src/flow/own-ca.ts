import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type CaMaterial,
  type Certificate,
  caCertificatesIn,
  checkOwnCa,
  openCaInput,
  type PasswordSource,
  readCaInput,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { shortPath } from "../output/text.ts";

/** A CA of one's own, in files. */
export interface OwnCa {
  /** As it is shown to people. */
  file: string;
  /** As far as they can be read without a password: none of a PFX. */
  certificates: readonly Certificate[];
  /** Opens and checks it, once. Holds secrets. */
  open: () => Promise<CaMaterial>;
}

/**
 * Reads the files of a CA; its key is opened when it is needed.
 *
 * @param files - `key` undefined: the first holds it as well
 */
export async function readOwnCa(
  { io, report }: Context,
  files: { ca: string; key: string | undefined },
  password: PasswordSource,
): Promise<OwnCa> {
  const [certificates, key] = [files.ca, files.key].map((path) => path && resolve(io.cwd, path));
  const file = certificates ?? "";
  const input = await readCaInput({ certificates: file, key });
  let opened: Promise<CaMaterial> | undefined;
  const open = async () => {
    const mode = await exposedMode(input.key.path);
    const shown = shortPath(io.cwd, input.key.path);
    if (mode !== undefined) report.warn(`${shown} holds a private key and has mode ${mode}`);
    const material = await openCaInput(input, password);
    checkOwnCa({ ...material, now: io.now(), file });
    return material;
  };
  return {
    file: shortPath(io.cwd, file),
    certificates: caCertificatesIn(input),
    open: () => {
      opened ??= open();
      return opened;
    },
  };
}

/** The mode of a file that others than its owner can read. */
async function exposedMode(path: string): Promise<string | undefined> {
  // Windows has other rights, which Node does not tell.
  if (process.platform === "win32") return undefined;
  const found = await stat(path);
  const isExposed = found.isFile() && (found.mode & 0o044) !== 0;
  return isExposed ? (found.mode & 0o777).toString(8).padStart(4, "0") : undefined;
}
