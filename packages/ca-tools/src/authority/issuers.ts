import type { CaRecord, Registry } from "../folder/registry.ts";
import type { Certificate } from "../x509/certificate.ts";
import { isIssuedBy } from "../x509/paths.ts";
import { readCaCertificate } from "./load-ca.ts";

/**
 * Tells which CA of the folder issued each certificate; undefined where none of those that are there
 * now did.
 *
 * @throws {CaToolsError} naming the file of a CA that is missing or damaged
 */
export async function issuersOf(
  folder: string,
  registry: Registry,
  certificates: readonly Certificate[],
): Promise<(CaRecord | undefined)[]> {
  if (certificates.length === 0) return [];
  const cas = await Promise.all(
    registry.cas.map(async (record) => ({
      record,
      certificate: await readCaCertificate(folder, record),
    })),
  );
  return certificates.map(
    (one) => cas.find(({ certificate }) => isIssuedBy(one, certificate))?.record,
  );
}

/**
 * A CA of the folder and those above it, leaf-most first, without their keys.
 *
 * @throws {CaToolsError} naming the file of a CA that is missing or damaged
 */
export async function readChain(
  folder: string,
  registry: Registry,
  ca: CaRecord,
): Promise<Certificate[]> {
  const above = registry.cas.find(({ name }) => name === ca.issuer && name !== ca.name);
  // Each step takes one CA away, so that a list that goes in a circle ends.
  const rest = { ...registry, cas: registry.cas.filter(({ name }) => name !== ca.name) };
  const certificate = await readCaCertificate(folder, ca);
  return [certificate, ...(above ? await readChain(folder, rest, above) : [])];
}
