import { type Certificate, caNameFor, checkDeviceId } from "@dps-certs/ca-tools";
import { type CertificateResponse, deviceIdProblem } from "@dps-certs/dps-protocol";
import { quote } from "../args.ts";
import { usageError } from "../errors.ts";

export const rootCommonName = (subject: string): string => `${subject} Root CA`;
export const intermediateCommonName = (subject: string): string => `${subject} Intermediate CA`;

export const shardCommonName = (subject: string, index: number): string =>
  `${subject} Shard ${index} CA`;

/** Name that a group's CAs carry in their subjects. */
export const subjectFor = (groupId: string): string => caNameFor(groupId);

/**
 * Name of a CA in the service, made of its subject: `thermostats Root CA` is `thermostats-root`, and
 * `line Intermediate 3 CA` is `line-intermediate-3`. It keeps to the service's characters and length,
 * begins as no option does, and differs where CAs differ in what was left out.
 */
export function certificateNameFor({ commonName = "ca", sha256 }: Certificate): string {
  const name = nameOf(commonName);
  return name === wordsOf(commonName) && name.length <= 64
    ? name
    : `${name.slice(0, 50)}-${sha256.slice(0, 6).toLowerCase()}`;
}

/** The name that a CA with this common name has, where nothing of it is left out. */
export const nameOf = (commonName: string): string =>
  wordsOf(commonName)
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "") || "ca";

const wordsOf = (commonName: string): string =>
  commonName.replace(
    / (Root|Intermediate)( \d+)? CA$/,
    (_, kind: string, number = "") => `-${kind.toLowerCase()}${number.replace(" ", "-")}`,
  );

/** Whether this is what the service holds of the CA: SHA-1 is the only thumbprint that the management plane tells. */
export function isUploadOf(ca: Certificate | undefined, stored: CertificateResponse): boolean {
  return ca !== undefined && stored.properties.thumbprint?.toUpperCase() === ca.sha1;
}

/** `thermostats-001`: at least three digits, so that more devices later leave the names as they are. */
export const numberedId = (prefix: string, number: number): string =>
  `${prefix}-${String(number).padStart(3, "0")}`;

export function deviceIds(prefix: string, count: number): string[] {
  if (count > 0) checkNumberedIds(prefix, count);
  return Array.from({ length: count }, (_, index) => numberedId(prefix, index + 1));
}

/** @throws {CliError} `usage` where one of the ids could be no device's */
export function checkNumberedIds(prefix: string, count: number): void {
  // The first and the longest speak for all.
  for (const id of [numberedId(prefix, 1), numberedId(prefix, count)]) {
    const problem = deviceIdProblem(id) ?? reservedProblem(id);
    if (problem === undefined) continue;
    throw usageError(
      `${quote(id)} cannot be a device's registration id: ${problem}`,
      "choose another beginning with --prefix",
    );
  }
}

function reservedProblem(id: string): string | undefined {
  try {
    checkDeviceId(id);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
