import { readFileSync } from "node:fs";

export interface SasVectors {
  key: string;
  expiresAt: number;
  signatures: { resource: string; sig: string }[];
  derived: { registrationId: string; key: string };
}

/** Computed with Microsoft's azure-iot-common and with an independent HMAC. */
export const SAS_VECTORS: SasVectors = JSON.parse(
  readFileSync(new URL("sas-vectors.json", import.meta.url), "utf8"),
) as SasVectors;

/** A well-formed shared access key for tests. */
export const TEST_KEY: string = SAS_VECTORS.key;
