import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists, listNames, readText } from "../folder/files.ts";
import { deviceIdOfFile, devicePaths } from "../folder/layout.ts";
import { readCertificate, readPair } from "../folder/read.ts";
import { type Certificate, MAX_CERTIFICATE_BYTES, parseCertificates } from "../x509/certificate.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import type { PasswordSource } from "../x509/private-key.ts";
import { leafPaths } from "./leaf-files.ts";

/** Ids of the devices whose certificates are in the folder, sorted. */
export async function listDeviceIds(folder: string): Promise<string[]> {
  const files = await listNames(join(folder, "certs"));
  return files.flatMap((file) => deviceIdOfFile(file) ?? []).sort();
}

/** The device's certificate; undefined when there is none. */
export async function readDevice(folder: string, id: string): Promise<Certificate | undefined> {
  return await readCertificate(folder, devicePaths(id).certificate, remedyFor(id));
}

/** Whether the device made its key itself and sent a request: then it alone can use the certificate. */
export async function isKeyElsewhere(folder: string, id: string): Promise<boolean> {
  const { key, request } = leafPaths(id);
  return !(await exists(join(folder, key))) && (await exists(join(folder, request)));
}

/** Ends a hint that begins with "restore". */
export const remedyFor = (id: string): string =>
  `it from a copy, or make the device again with: dps-certs device create ${id} --force`;

export interface DeviceIdentity {
  certificate: Certificate;
  /** Leaf first, then the intermediates: what the device sends in the TLS handshake. */
  chainPem: string;
  /** A secret. */
  keyPem: string;
}

/**
 * What a device needs to register. Key, certificate and chain are compared with one another first.
 *
 * @param password - asked for when its key is encrypted
 * @throws {CaToolsError} naming the file that is missing, damaged or does not belong to the others
 */
export async function loadDevice(
  folder: string,
  id: string,
  password?: PasswordSource,
): Promise<DeviceIdentity> {
  const paths = devicePaths(id);
  const { certificate, privateKey } = await readPair(folder, paths, remedyFor(id), password);
  const file = join(folder, paths.fullChain);
  const text = await readText(file, MAX_CERTIFICATE_BYTES);
  const chain = text === undefined ? [] : parseCertificates(text, file);
  if (chain[0]?.sha256 !== certificate.sha256) {
    throw new CaToolsError(
      "damaged-folder",
      text === undefined
        ? `${file} is missing`
        : `${file} does not begin with the device's certificate`,
      {
        file,
        hint: `restore ${remedyFor(id)}`,
      },
    );
  }
  return {
    certificate,
    chainPem: chain.map(({ pem }) => pem).join(""),
    keyPem: exportPrivateKeyPem(privateKey),
  };
}
