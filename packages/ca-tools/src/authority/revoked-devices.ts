import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { readIndex } from "../folder/index-file.ts";
import { INDEX_FILE } from "../folder/layout.ts";
import { leafPaths } from "./leaf-files.ts";

/**
 * A certificate that was taken back gets no successor by the way, least of all for the same key.
 *
 * @param devices - ids by the serial numbers of their certificates
 * @throws {CaToolsError} `invalid-certificate` for one that `index.txt` lists as revoked
 */
export async function refuseRevoked(
  folder: string,
  devices: ReadonlyMap<string, string>,
): Promise<void> {
  for await (const { status, serialNumber } of readIndex(join(folder, INDEX_FILE))) {
    const id = status === "R" ? devices.get(serialNumber) : undefined;
    if (id !== undefined) throw revoked(id, join(folder, leafPaths(id).certificate));
  }
}

function revoked(id: string, file: string): CaToolsError {
  return new CaToolsError("invalid-certificate", `${file} cannot be renewed: it was revoked`, {
    file,
    hint: `make another, with another key: dps-certs device create ${id} --force`,
  });
}
