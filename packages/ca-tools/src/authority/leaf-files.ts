/** The files of a device's certificate, and what holds of every change that issues one. */
import { CaToolsError } from "../errors.ts";
import { type DevicePaths, devicePaths } from "../folder/layout.ts";
import type { Registry } from "../folder/registry.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Ca } from "./load-ca.ts";

export interface LeafPaths extends DevicePaths {
  /** Key and chain in one encrypted file. */
  pfx: string;
  /** The request of a device that made its key itself. */
  request: string;
}

/** Every file that a device may have. */
export function leafPaths(id: string): LeafPaths {
  const paths = devicePaths(id);
  const stem = paths.certificate.slice("certs/".length, -".cert.pem".length);
  return { ...paths, pfx: `certs/${stem}.cert.pfx`, request: `csr/${stem}.csr.pem` };
}

/**
 * The certificate's own files, without its key: full chain, the issuer's copy, the certificate.
 *
 * @param id - what the files are called by
 */
export function certificateFiles(
  id: string,
  certificate: Certificate,
  issuer: Pick<Ca, "chain">,
): NewFile[] {
  const paths = leafPaths(id);
  return [
    { path: paths.fullChain, data: fullChain(certificate, issuer) },
    { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem },
    // Last: whoever reads meanwhile takes a device whose certificate is there for whole.
    { path: paths.certificate, data: certificate.pem },
  ];
}

/**
 * Leaf and intermediates: the root is left out, as the service knows it and devices are small. An
 * IoT Edge device hands its chain to the devices below it, who are to trust the root: there it stays.
 */
function fullChain(certificate: Certificate, { chain }: Pick<Ca, "chain">): string {
  const isCa = certificate.basicConstraints?.ca ?? false;
  const issuers = chain.filter((ca) => isCa || ca.subjectKey !== ca.issuerKey);
  return [certificate, ...issuers].map(({ pem }) => pem).join("");
}

/**
 * A CA that was replaced or archived since it was loaded issues nothing more.
 *
 * @throws {CaToolsError} `locked`
 */
export function checkIssuer(
  folder: string,
  registry: Registry,
  { record, certificate }: Pick<Ca, "certificate" | "record">,
): void {
  const current = registry.cas.find(({ name }) => name === record.name);
  if (current?.sha256 === certificate.sha256) return;
  throw new CaToolsError("locked", `another command replaced the CA ${record.name} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}
