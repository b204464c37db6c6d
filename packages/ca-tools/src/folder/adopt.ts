import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { type Certificate, MAX_CERTIFICATE_BYTES, parseCertificate } from "../x509/certificate.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { readText } from "./files.ts";
import { caPaths, caStem, FIRST_INTERMEDIATE, ROOT } from "./layout.ts";
import type { CaRecord, Registry } from "./registry.ts";

/**
 * The CAs of a folder that the CACertificates scripts began: they keep no list, and their files have
 * fixed names. Nothing is written; the first change writes `pki.json`.
 *
 * @returns undefined where there is no root CA of theirs
 * @throws {CaToolsError} `invalid-certificate` naming the file, `damaged-folder` for an intermediate
 * that the root did not sign
 */
export async function adoptScriptFolder(folder: string): Promise<Registry | undefined> {
  const root = await read(folder, ROOT);
  if (root === undefined) return undefined;
  const intermediate = await read(folder, FIRST_INTERMEDIATE);
  const first = recordOf(ROOT, null, root);
  if (intermediate === undefined) return { version: 1, cas: [first] };
  if (!isIssuedBy(intermediate, root)) throw strayIntermediate(folder);
  return { version: 1, cas: [first, recordOf(FIRST_INTERMEDIATE, ROOT, intermediate)] };
}

const fileOf = (folder: string, name: string) => join(folder, caPaths(name).certificate);

async function read(folder: string, name: string): Promise<Certificate | undefined> {
  const file = fileOf(folder, name);
  const text = await readText(file, MAX_CERTIFICATE_BYTES);
  return text === undefined ? undefined : parseCertificate(text, file, REMEDY);
}

const REMEDY =
  "it from a copy, or make the chain anew with: dps-certs certgen create_root_and_intermediate --force";

function strayIntermediate(folder: string): CaToolsError {
  const file = fileOf(folder, FIRST_INTERMEDIATE);
  return new CaToolsError("damaged-folder", `${file} was not signed by ${fileOf(folder, ROOT)}`, {
    file,
    hint: `restore ${REMEDY}`,
  });
}

function recordOf(name: string, issuer: string | null, { sha256 }: Certificate): CaRecord {
  return { name, file: caStem(name), issuer, sha256, group: null, generation: 1 };
}
