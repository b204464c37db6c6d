import { createHmac } from "node:crypto";
import { DpsClientError } from "./errors.ts";

export interface SasTokenOptions {
  /**
   * The resource as it goes into `sr`, already encoded (`mydps.azure-devices-provisioning.net`,
   * `0ne00000012%2Fregistrations%2Fdev-1`): the signature covers this very text.
   */
  resource: string;
  /** Base64. */
  key: string;
  /** Name of the policy (`skn`); devices with a key of their own may leave it out. */
  keyName?: string | undefined;
  /** End of the token in whole seconds since 1970. */
  expiresAt: number;
}

function hmac(key: string, text: string): string {
  const secret = Buffer.from(key, "base64");
  // Node reads what is no base64 as far as it can, and the signature would merely be wrong.
  if (secret.length === 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) {
    throw new DpsClientError("invalid-argument", "the shared access key is not base64");
  }
  return createHmac("sha256", secret).update(text, "utf8").digest("base64");
}

/**
 * Signs a shared access signature: HMAC-SHA-256 over `sr`, a line feed and `se`.
 *
 * @throws {DpsClientError} `invalid-argument` for a key that is not base64 or an end that is no
 *   whole number of seconds
 */
export function createSasToken({ resource, key, keyName, expiresAt }: SasTokenOptions): string {
  if (!Number.isSafeInteger(expiresAt) || expiresAt < 0) {
    throw new DpsClientError("invalid-argument", "expiresAt is whole seconds since 1970");
  }
  const signature = encodeURIComponent(hmac(key, `${resource}\n${expiresAt}`));
  const name = keyName === undefined ? "" : `&skn=${encodeURIComponent(keyName)}`;
  return `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expiresAt}${name}`;
}

/**
 * The key of one device of a symmetric-key enrollment group.
 *
 * @param groupKey base64
 * @returns base64 of HMAC-SHA-256 over the registration id
 */
export function deriveDeviceKey(groupKey: string, registrationId: string): string {
  return hmac(groupKey, registrationId);
}
