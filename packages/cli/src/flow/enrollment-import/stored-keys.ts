import type { IndividualEnrollment } from "@dps-certs/dps-protocol";
import type { Enrollments } from "./slices.ts";

/**
 * The enrollment with its symmetric keys where keys are compared: an answer to a read has none.
 *
 * @param wanted - what it is compared with
 */
export async function withComparedKeys(
  enrollments: Pick<Enrollments, "attestation">,
  stored: IndividualEnrollment,
  wanted: IndividualEnrollment,
): Promise<IndividualEnrollment> {
  const { primaryKey, secondaryKey } = wanted.attestation.symmetricKey ?? {};
  const isKeyed =
    wanted.attestation.type === "symmetricKey" && (primaryKey ?? secondaryKey) != null;
  return isKeyed ? await withKeys(enrollments, stored) : stored;
}

/** The enrollment with its symmetric keys, where it has some: written without, it would be given others. */
export async function withKeys(
  enrollments: Pick<Enrollments, "attestation">,
  stored: IndividualEnrollment,
): Promise<IndividualEnrollment> {
  const { type, symmetricKey } = stored.attestation;
  if (type !== "symmetricKey" || symmetricKey?.primaryKey) return stored;
  return { ...stored, attestation: await enrollments.attestation(stored.registrationId) };
}
