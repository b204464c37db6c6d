/** Reading what thousands of devices register with: the careful way takes more time than registering. */
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { leafPaths, roleOf } from "@dps-certs/ca-tools";
import type { ClientCertificate } from "@dps-certs/dps-client";

/** A chain has a few KiB. */
const MAX_BYTES = 64 * 1024;
const PLAIN_KEY = "-----BEGIN PRIVATE KEY-----";

/**
 * What a device registers with, where nothing about its files is out of the ordinary: the chain begins
 * with its certificate, which is a plain device's, and the key is not encrypted. Whether key and
 * certificate belong together is for the handshake to say.
 *
 * @returns undefined for anything else, which `loadDevice` knows how to tell
 */
export function loadQuickly(pki: string, id: string): ClientCertificate | undefined {
  const paths = leafPaths(id);
  try {
    // Not asynchronous: the three reads take a tenth of the time so.
    const read = (path: string) => readSmall(join(pki, path));
    const [certificate, keyPem, chainPem] = [
      read(paths.certificate),
      read(paths.key),
      read(paths.fullChain),
    ];
    const isOrdinary =
      certificate.startsWith("-----BEGIN CERTIFICATE-----") &&
      chainPem.startsWith(certificate.trimEnd()) &&
      keyPem.startsWith(PLAIN_KEY) &&
      isPlainDevice(new X509Certificate(certificate));
    return isOrdinary ? { chainPem, keyPem } : undefined;
  } catch {
    return undefined;
  }
}

function readSmall(file: string): string {
  const stat = statSync(file);
  if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error("not an ordinary file");
  return readFileSync(file, "latin1");
}

/** Node calls the extended key usage `keyUsage`. */
const isPlainDevice = ({ ca, keyUsage }: X509Certificate): boolean =>
  roleOf({ basicConstraints: { ca, pathLength: undefined }, extendedKeyUsage: keyUsage }) ===
  "device";
