import { type Certificate, caNameFor, checkDeviceId } from "@dps-certs/ca-tools";
import { type CertificateResponse, deviceIdProblem } from "@dps-certs/dps-protocol";
import { quote } from "../args.ts";
import { usageError } from "../errors.ts";

export const rootCommonName = (subject: string): string => `${subject} Root CA`;
export const intermediateCommonName = (subject: string): string => `${subject} Intermediate CA`;

/** Name that a group's CAs carry in their subjects. */
export const subjectFor = (groupId: string): string => caNameFor(groupId);

/**
 * Name of a CA in the service, made of its subject: `thermostats Root CA` is `thermostats-root`. It
 * keeps to the service's characters and length, and differs where CAs differ in what was left out.
 */
export function certificateNameFor(ca: Certificate): string {
  const words = (ca.commonName ?? "ca").replace(
    / (Root|Intermediate) CA$/,
    (_, kind: string) => `-${kind.toLowerCase()}`,
  );
  const name = words.replace(/[^A-Za-z0-9._-]+/g, "-");
  return name === words && name.length <= 64
    ? name
    : `${name.slice(0, 50)}-${ca.sha256.slice(0, 6).toLowerCase()}`;
}

/** Whether this is what the service holds of the CA: SHA-1 is the only thumbprint that the management plane tells. */
export function isUploadOf(ca: Certificate | undefined, stored: CertificateResponse): boolean {
  return ca !== undefined && stored.properties.thumbprint?.toUpperCase() === ca.sha1;
}

/** `thermostats-001`: at least three digits, so that more devices later leave the names as they are. */
export function deviceIds(prefix: string, count: number): string[] {
  const ids = Array.from(
    { length: count },
    (_, index) => `${prefix}-${String(index + 1).padStart(3, "0")}`,
  );
  // The first and the longest speak for all.
  for (const id of [...ids.slice(0, 1), ...ids.slice(-1)]) {
    const problem = deviceIdProblem(id) ?? reservedProblem(id);
    if (problem === undefined) continue;
    throw usageError(
      `${quote(id)} cannot be a device's registration id: ${problem}`,
      "choose another beginning with --prefix",
    );
  }
  return ids;
}

function reservedProblem(id: string): string | undefined {
  try {
    checkDeviceId(id);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
