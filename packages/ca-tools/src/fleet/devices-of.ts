import type { Prepared } from "./prepare.ts";
import type { IssuedTexts } from "./texts.ts";
import type { FleetDevice } from "./types.ts";

/** Puts together what was asked for and what was issued. */
export function devicesOf(wanted: readonly Prepared[], issued: IssuedTexts): FleetDevice[] {
  const { certificates, ends, certificatePems, privateKeyPems, sha1, sha256 } = issued;
  return wanted.map(({ commonName, serialNumber, dates }, index) => ({
    commonName,
    certificate: certificatePems[index] ?? "",
    der: certificates.subarray(ends[index - 1] ?? 0, ends[index]),
    privateKey: privateKeyPems[index] ?? "",
    serialNumber,
    sha1: sha1[index] ?? "",
    sha256: sha256[index] ?? "",
    ...dates,
  }));
}
