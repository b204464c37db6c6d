/** Whether the key of a root lies in a folder that is to be without it. */
import { basename, join } from "node:path";
import { CaToolsError } from "../../errors.ts";
import { inBatches } from "../../folder/batches.ts";
import { exists, listNames, readText } from "../../folder/files.ts";
import { ARCHIVE, caPaths, ROOT } from "../../folder/layout.ts";
import type { Registry } from "../../folder/registry.ts";
import { MAX_CERTIFICATE_BYTES } from "../../x509/certificate.ts";
import { isKeyOf } from "../../x509/keys.ts";
import { readPrivateKey } from "../../x509/private-key.ts";
import { readCaCertificate } from "../load-ca.ts";

/** Files that are opened and compared: in a folder that nobody tampered with there are none. */
const MOST_COMPARED = 100;

/**
 * Refuses a folder that the key of its root lies in, or one that was replaced: under its own name, in an
 * archive, or under another name in `private` where no certificate stands beside it. An encrypted key
 * under another name cannot be told.
 *
 * @throws {CaToolsError} `root-key` naming the file
 */
export async function refuseRootKey(folder: string, registry: Registry): Promise<void> {
  const file = (await namedKey(folder)) ?? (await comparedKey(folder, registry));
  if (file === undefined) return;
  throw new CaToolsError("root-key", `${file} is the key of a root: a shard is made without it`, {
    file,
    hint: "give each machine the folder of its shard, from: dps-certs ca create --shards N --out DIR",
  });
}

async function namedKey(folder: string): Promise<string | undefined> {
  const archives = (await listNames(folder)).filter((name) => name.startsWith(ARCHIVE));
  for (const place of ["", ...archives]) {
    const file = join(folder, place, caPaths(ROOT).key);
    if (await exists(file)) return file;
  }
  return undefined;
}

async function comparedKey(folder: string, { cas }: Registry): Promise<string | undefined> {
  const record = cas.find(({ name }) => name === ROOT);
  if (record === undefined) return undefined;
  const root = await readCaCertificate(folder, record);
  const certificates = new Set(await listNames(join(folder, "certs")));
  const isAlone = (name: string) =>
    !certificates.has(`${basename(name, ".key.pem")}.cert.pem`) && name !== ".gitignore";
  const names = (await listNames(join(folder, "private"))).filter(isAlone);
  const files = names.slice(0, MOST_COMPARED).map((name) => join(folder, "private", name));
  const isRoots = await inBatches(files, (file) => isKeyIn(file, root));
  return files.find((_, at) => isRoots[at]);
}

async function isKeyIn(file: string, certificate: Parameters<typeof isKeyOf>[1]): Promise<boolean> {
  try {
    const text = await readText(file, MAX_CERTIFICATE_BYTES);
    return text !== undefined && isKeyOf(await readPrivateKey(text, { file }), certificate);
  } catch {
    return false;
  }
}
