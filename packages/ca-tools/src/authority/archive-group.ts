import { CaToolsError } from "../errors.ts";
import { CHAIN_FILE, caPaths } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { archiveMoves } from "./archive.ts";
import { chainFile, firstChain } from "./chain-file.ts";
import { leafPaths } from "./leaf-files.ts";
import { findCa, readCaCertificate } from "./load-ca.ts";
import { listDeviceIds, readDevice } from "./load-device.ts";

/**
 * Moves an intermediate CA and the devices that it issued to `old-<time>/`, and takes it off the
 * folder's list. Its certificates stay in `newcerts/` and `index.txt`: they were issued. A root that
 * itself signs a group's devices (it allows no CA below it) stays, and is free again.
 *
 * @param ca - name of the CA
 * @returns the folder they were moved to, relative to the PKI folder; empty when nothing was moved
 * @throws {CaToolsError} `not-found` when there is no such CA, `invalid-name` when others hang on it
 */
export async function archiveGroup(
  folder: string,
  { ca, now }: { ca: string; now: Date },
): Promise<string> {
  let archive = "";
  await changePki(folder, async (registry) => {
    const record = findCa(registry, ca);
    checkRemovable(record, registry);
    const isTop = record.issuer === null;
    const old = [
      ...(isTop ? [] : Object.values(caPaths(ca))),
      ...(await deviceFilesOf(folder, record)),
    ];
    const cas = isTop
      ? registry.cas.map((one) => (one === record ? { ...one, group: null } : one))
      : registry.cas.filter((one) => one !== record);
    const chain = firstChain(registry);
    const isInChain = !isTop && chain.includes(record);
    const moves = await archiveMoves(folder, now, isInChain ? [...old, CHAIN_FILE] : old);
    archive = moves[0]?.to.split("/")[0] ?? "";
    const left = chain.filter((one) => one !== record).reverse();
    const certificates = left.map((one) => readCaCertificate(folder, one));
    return {
      moves,
      // What is above it is a chain still, unless only the root is.
      files: isInChain && left.length > 1 ? [chainFile(await Promise.all(certificates))] : [],
      registry: { ...registry, cas },
    };
  });
  return archive;
}

async function deviceFilesOf(folder: string, record: CaRecord): Promise<string[]> {
  const issuer = await readCaCertificate(folder, record);
  const files: string[] = [];
  for (const id of await listDeviceIds(folder)) {
    const device = await readDevice(folder, id);
    if (device !== undefined && isIssuedBy(device, issuer)) {
      files.push(...Object.values(leafPaths(id)));
    }
  }
  return files;
}

function checkRemovable({ name, issuer, group }: CaRecord, { cas }: Registry): void {
  const isNeeded = cas.some((one) => one.issuer === name);
  if (!isNeeded && (issuer !== null || group !== null)) return;
  throw new CaToolsError(
    "invalid-name",
    isNeeded
      ? `the CA ${name} cannot go: others of the folder hang on it`
      : `the CA ${name} is the folder's root, and no group's`,
    {
      hint: "name a CA that issued no other, or replace the chain with: dps-certs ca create --force",
    },
  );
}
