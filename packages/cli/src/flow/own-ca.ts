import { resolve } from "node:path";
import {
  type CaMaterial,
  type Certificate,
  caCertificatesIn,
  checkOwnCa,
  isIssuedBy,
  openCaInput,
  type PasswordSource,
  readCaInput,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { shortPath } from "../output/text.ts";
import { exposedMode } from "./exposed-mode.ts";

/** A CA of one's own, in files. */
export interface OwnCa {
  /** As they are shown to people; `key` undefined where `file` holds both. */
  file: string;
  key: string | undefined;
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
    key: key === undefined ? undefined : shortPath(io.cwd, key),
    certificates: caCertificatesIn(input),
    open: () => {
      opened ??= open();
      return opened;
    },
  };
}

/**
 * The CA's own certificate. The others are above it, which is checked when it is opened.
 *
 * It is told without a password where it can be.
 */
export async function ownCertificate(ownCa: OwnCa): Promise<Certificate | undefined> {
  const certificates =
    ownCa.certificates.length > 0 ? ownCa.certificates : (await ownCa.open()).certificates;
  return certificates.find((one) =>
    certificates.every((other) => other.sha256 === one.sha256 || !isIssuedBy(other, one)),
  );
}
