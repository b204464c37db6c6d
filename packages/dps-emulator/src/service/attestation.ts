import type { AttestationBody, AttestationMechanism } from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";
import { answerSymmetricKey, readSymmetricKey, type StoredSymmetricKey } from "./symmetric-key.ts";
import { answerTpm, readTpm, type StoredTpm } from "./tpm.ts";
import { answerX509, readX509, type StoredX509 } from "./x509-attestation.ts";

export type { Pair } from "./x509-attestation.ts";

/** How the devices of an enrollment show who they are, as it is stored. */
export type StoredAttestation = StoredX509 | StoredSymmetricKey | StoredTpm;

/** Whether an enrollment is about one device or about a group of them: each has its own kinds. */
export type Scope = "enrollment" | "enrollment group";

export interface AttestationInput {
  store: Reader;
  scope: Scope;
  sent: AttestationBody;
  /** What the enrollment has so far. */
  present: StoredAttestation | undefined;
  randomBytes: (size: number) => Buffer;
}

/**
 * Reads an attestation as clients send it. What the service does not answer, certificates and keys,
 * stays as it is where a client sends back what it got.
 *
 * @throws {Refusal} `bad-request`
 */
export function readAttestation(input: AttestationInput): StoredAttestation {
  const { sent, present, scope } = input;
  refuseMixtures(sent);
  switch (sent.type) {
    case "x509":
      return readX509({ ...input, sent: sent.x509, present: ofType("x509", present) });
    case "symmetricKey":
      return readSymmetricKey({
        ...input,
        sent: sent.symmetricKey,
        present: ofType("symmetricKey", present),
      });
    case "tpm":
      if (scope === "enrollment") return readTpm(sent.tpm);
      throw new Refusal("bad-request", "An enrollment group cannot have TPM attestation.");
    case "none":
      throw new Refusal("bad-request", 'attestation.type "none" lets no device in.');
  }
}

function ofType<T extends StoredAttestation["type"]>(type: T, present?: StoredAttestation) {
  return present?.type === type ? (present as Extract<StoredAttestation, { type: T }>) : undefined;
}

function refuseMixtures(sent: AttestationBody): void {
  const other = (["tpm", "x509", "symmetricKey"] as const).find(
    (kind) => kind !== sent.type && sent[kind],
  );
  if (other === undefined) return;
  throw new Refusal(
    "bad-request",
    `attestation.type is "${sent.type}", and ${other} is there too.`,
  );
}

/**
 * The attestation as the service answers it: of certificates `info` alone.
 *
 * @param keys - whether symmetric keys are told: by PUT and by `attestationmechanism` alone
 */
export function answerAttestation(
  stored: StoredAttestation,
  { keys }: { keys: boolean },
): AttestationMechanism {
  switch (stored.type) {
    case "x509":
      return answerX509(stored);
    case "symmetricKey":
      return answerSymmetricKey(stored, keys);
    case "tpm":
      return answerTpm(stored);
  }
}
