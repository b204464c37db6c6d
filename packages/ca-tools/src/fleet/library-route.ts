import { issueCertificate } from "../x509/issue.ts";
import { exportPrivateKeyPem, generateKeyPair } from "../x509/keys.ts";
import type { Prepared } from "./prepare.ts";
import type { FleetDevice, FleetIssuerOptions } from "./types.ts";

/** Made at a time: RSA keys take as many threads as Node's pool has. */
const SIDE_BY_SIDE = 4;

/** Whether the template cannot say what is asked for. */
export const needsLibrary = (
  { names }: Prepared,
  { algorithm = "ec-p256" }: FleetIssuerOptions,
): boolean => algorithm !== "ec-p256" || names !== undefined;

/** The general way to a device's key and certificate. */
export async function issueByLibrary(
  { commonName, serialNumber, dates, names }: Prepared,
  { issuer, profile = "device", algorithm }: FleetIssuerOptions,
): Promise<FleetDevice> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const { der, pem, sha1, sha256 } = await issueCertificate({
    profile,
    subject: { commonName },
    publicKey,
    issuer,
    notBefore: dates.notBefore,
    notAfter: dates.notAfter,
    serialNumber,
    ...(names && { subjectAlternativeNames: names }),
  });
  return {
    commonName,
    certificate: pem,
    der,
    privateKey: exportPrivateKeyPem(privateKey),
    ...{ serialNumber, sha1, sha256, ...dates },
  };
}

/**
 * @param isClosed - whether the rest is not wanted any more
 * @returns issues a batch so; one after the other, since each certificate keeps the event loop for
 * milliseconds
 */
export function libraryIssuer(
  options: FleetIssuerOptions,
  isClosed: () => boolean,
): (batch: readonly Prepared[]) => Promise<FleetDevice[]> {
  let last: Promise<unknown> = Promise.resolve();
  return (batch) => {
    const issued = last.then(async () => {
      const devices: FleetDevice[] = [];
      const left = batch.entries();
      const lane = async () => {
        for (const [index, prepared] of left) {
          if (isClosed()) return;
          devices[index] = await issueByLibrary(prepared, options);
        }
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
      return devices;
    });
    last = issued.catch(() => undefined);
    return issued;
  };
}
