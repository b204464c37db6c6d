/** What differs between a group or an enrollment as it is and as it is to be. */
import { isDeepStrictEqual } from "node:util";
import { parseCertificate } from "@dps-certs/ca-tools";
import type {
  AttestationMechanism,
  EnrollmentGroup,
  IndividualEnrollment,
  TpmAttestation,
} from "@dps-certs/dps-protocol";

type Common = Partial<EnrollmentGroup & IndividualEnrollment> & {
  attestation: AttestationMechanism;
};

/** Members beside the attestation, each with how its value is put into words. */
const MEMBERS = {
  provisioningStatus: (one: Common) => one.provisioningStatus ?? "enabled",
  deviceId: ({ deviceId }: Common) => deviceId ?? undefined,
  allocationPolicy: (one: Common) => one.allocationPolicy ?? undefined,
  iotHubs: ({ iotHubs }: Common) => (iotHubs?.length ? [...iotHubs] : undefined),
  customAllocationDefinition: (one: Common) => one.customAllocationDefinition ?? undefined,
  reprovisionPolicy: (one: Common) => one.reprovisionPolicy ?? undefined,
  capabilities: ({ capabilities }: Common) =>
    capabilities?.iotEdge === true ? { iotEdge: true } : undefined,
  initialTwin: ({ initialTwin }: Common) => initialTwin ?? undefined,
} as const;

/**
 * Sentences' parts that say what a change does; none where it does nothing. Symmetric keys are told
 * apart, and never told.
 *
 * @param stored - with its symmetric keys where the change gives keys
 */
export function changesOf<T extends Common>(stored: T, wanted: T): string[] {
  const members = Object.entries(MEMBERS).flatMap(([name, read]) => {
    const [before, after] = [read(stored), read(wanted)];
    if (isDeepStrictEqual(before, after)) return [];
    return name === "initialTwin"
      ? "initialTwin: changed"
      : `${name}: ${inWords(before)} -> ${inWords(after)}`;
  });
  return [...attestationChanges(stored.attestation, wanted.attestation), ...members];
}

const inWords = (value: unknown): string =>
  value === undefined
    ? "none"
    : typeof value === "string"
      ? value
      : JSON.stringify(value, withoutQueries);

const withoutQueries = (name: string, value: unknown) =>
  name === "webhookUrl" && typeof value === "string" ? webhookText(value) : value;

/** A webhook's URL for people: the query may hold the key of the function. */
export function webhookText(url: string): string {
  const at = url.search(/[?#]/);
  return at < 0 ? url : `${url.slice(0, at)}?…`;
}

function attestationChanges(stored: AttestationMechanism, wanted: AttestationMechanism): string[] {
  const [before, after] = [kindOf(stored), kindOf(wanted)];
  if (before !== after) return [`attestation: ${before} -> ${after}`];
  return (["primary", "secondary"] as const).flatMap((slot) => {
    const [old, next] = [slotOf(stored, slot), slotOf(wanted, slot)];
    if (old?.value === next?.value) return [];
    return `${slot}: ${old?.words ?? "none"} -> ${next?.words ?? "none"}`;
  });
}

function kindOf({ type, x509 }: AttestationMechanism): string {
  const kinds = ["signingCertificates", "clientCertificates", "caReferences"] as const;
  const kind = kinds.find((one) => x509?.[one]);
  return kind === undefined ? type : `${type} ${kind}`;
}

interface Slot {
  /** For comparison. */
  value: string;
  words: string;
}

function slotOf(
  attestation: AttestationMechanism,
  slot: "primary" | "secondary",
): Slot | undefined {
  const { x509, symmetricKey, tpm } = attestation;
  const key = symmetricKey?.[`${slot}Key`];
  if (key) return { value: key, words: "a key" };
  if (tpm) return tpmSlot(tpm, slot);
  const reference = x509?.caReferences?.[slot];
  if (reference) return { value: reference.toLowerCase(), words: reference };
  const certificate = (x509?.signingCertificates ?? x509?.clientCertificates)?.[slot];
  if (certificate?.certificate) {
    const { sha256, subject } = parseCertificate(certificate.certificate);
    return { value: sha256, words: `${subject} (SHA-256 ${sha256})` };
  }
  if (!certificate?.info) return undefined;
  const { sha256Thumbprint, subjectName } = certificate.info;
  const sha256 = sha256Thumbprint.toUpperCase();
  return { value: sha256, words: `${subjectName} (SHA-256 ${sha256})` };
}

function tpmSlot(
  { endorsementKey, storageRootKey }: TpmAttestation,
  slot: "primary" | "secondary",
): Slot | undefined {
  if (slot === "primary") return { value: endorsementKey, words: "an endorsement key" };
  return storageRootKey ? { value: storageRootKey, words: "a storage root key" } : undefined;
}
