import {
  type AttestationMechanism,
  SYMMETRIC_KEY_BYTES,
  type SymmetricKeyAttestation,
} from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";

/** Both keys are base64, and secrets. */
export interface StoredSymmetricKey {
  type: "symmetricKey";
  primaryKey: string;
  secondaryKey: string;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Takes the keys that were sent; one that was not stays as it was, or is drawn.
 *
 * @throws {Refusal} `bad-request`, which never quotes a key
 */
export function readSymmetricKey(input: {
  sent: SymmetricKeyAttestation | null | undefined;
  present: StoredSymmetricKey | undefined;
  randomBytes: (size: number) => Buffer;
}): StoredSymmetricKey {
  const { sent, present, randomBytes } = input;
  const keyOf = (slot: "primaryKey" | "secondaryKey") => {
    // An empty text is how some clients say "none".
    const key = sent?.[slot] || present?.[slot];
    if (key === undefined) return randomBytes(SYMMETRIC_KEY_BYTES.max).toString("base64");
    if (isKey(key)) return key;
    const { min, max } = SYMMETRIC_KEY_BYTES;
    throw new Refusal(
      "bad-request",
      `attestation.symmetricKey.${slot} must be base64 of ${min} to ${max} bytes.`,
    );
  };
  return {
    type: "symmetricKey",
    primaryKey: keyOf("primaryKey"),
    secondaryKey: keyOf("secondaryKey"),
  };
}

function isKey(key: string): boolean {
  const { length } = Buffer.from(key, "base64");
  return BASE64.test(key) && length >= SYMMETRIC_KEY_BYTES.min && length <= SYMMETRIC_KEY_BYTES.max;
}

export function answerSymmetricKey(
  { type, primaryKey, secondaryKey }: StoredSymmetricKey,
  keys: boolean,
): AttestationMechanism {
  return keys ? { type, symmetricKey: { primaryKey, secondaryKey } } : { type };
}
