import type { AttestationMechanism, TpmAttestation } from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";

/** The public keys of a device's TPM, as they were sent. */
export interface StoredTpm {
  type: "tpm";
  endorsementKey: string;
  storageRootKey?: string;
}

/** @throws {Refusal} `bad-request` without an endorsement key */
export function readTpm(sent: TpmAttestation | null | undefined): StoredTpm {
  if (!sent?.endorsementKey) {
    throw new Refusal("bad-request", "attestation.tpm.endorsementKey is required.");
  }
  const { endorsementKey, storageRootKey } = sent;
  return { type: "tpm", endorsementKey, ...(storageRootKey ? { storageRootKey } : {}) };
}

export function answerTpm({ type, ...tpm }: StoredTpm): AttestationMechanism {
  return { type, tpm };
}
