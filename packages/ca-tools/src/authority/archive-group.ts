import { CaToolsError } from "../errors.ts";
import { CHAIN_FILE, caPaths, devicePaths, FIRST_INTERMEDIATE } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { archiveMoves } from "./archive.ts";
import { findCa, readCaCertificate } from "./load-ca.ts";
import { listDeviceIds, readDevice } from "./load-device.ts";

/**
 * Moves an intermediate CA and the devices that it issued to `old-<time>/`, and takes it off the
 * folder's list. Its certificates stay in `newcerts/` and `index.txt`: they were issued.
 *
 * @param ca - name of the intermediate
 * @returns the folder they were moved to, relative to the PKI folder
 * @throws {CaToolsError} `not-found` when there is no such CA, `invalid-name` when it is the root
 */
export async function archiveGroup(
  folder: string,
  { ca, now }: { ca: string; now: Date },
): Promise<string> {
  let archive = "";
  await changePki(folder, async (registry) => {
    const record = findCa(registry, ca);
    if (record.issuer === null) throw notIntermediate(ca);
    const issuer = await readCaCertificate(folder, record);
    const files = Object.values(caPaths(ca));
    if (ca === FIRST_INTERMEDIATE) files.push(CHAIN_FILE);
    for (const id of await listDeviceIds(folder)) {
      const device = await readDevice(folder, id);
      if (device !== undefined && isIssuedBy(device, issuer))
        files.push(...Object.values(devicePaths(id)));
    }
    const moves = await archiveMoves(folder, now, files);
    archive = moves[0]?.to.split("/")[0] ?? "";
    return {
      moves,
      files: [],
      registry: { ...registry, cas: registry.cas.filter(({ name }) => name !== ca) },
    };
  });
  return archive;
}

function notIntermediate(ca: string): CaToolsError {
  return new CaToolsError(
    "invalid-name",
    `the CA ${ca} is a root: others of the folder hang on it`,
    {
      hint: "name an intermediate, or replace the chain with: dps-certs ca create --force",
    },
  );
}
