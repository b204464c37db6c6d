import type { IndividualEnrollment } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { withConnection } from "../../target/connect.ts";
import { withoutKeys } from "../group/text.ts";
import {
  type EnrollmentSettings,
  type GivenAttestation,
  withAttestation,
  withSettings,
} from "../service/enrollment-members.ts";
import { createOnce, type Kind } from "../service/enrollment-writes.ts";

export interface GivenEnrollment {
  /** Registration id. */
  id: string;
  /** Of the device in its IoT hub. @default the registration id */
  deviceId: string | undefined;
  attestation: GivenAttestation | undefined;
  settings: EnrollmentSettings;
}

const ENROLLMENT: Kind<IndividualEnrollment> = {
  title: "enrollment",
  command: "enrollment",
  idOf: ({ registrationId }) => registrationId,
};

type NewEnrollment = GivenEnrollment & { attestation: GivenAttestation };

/** Creates an enrollment; one that is there already as it was to be made is left as it is. */
export async function createEnrollment(context: Context, given: NewEnrollment): Promise<void> {
  const { report } = context;
  const { id, attestation } = given;
  await withConnection(context, {}, async ({ enrollments: { enrollments } }) => {
    const { item, isNew } = await createOnce(enrollments, ENROLLMENT, id, (stored) =>
      newEnrollment(given, stored),
    );
    const state = `${item.registrationId}   ${item.provisioningStatus ?? "enabled"}`;
    report.step(isNew ? "done" : "already", ENROLLMENT.title, isNew ? `${state}   created` : state);
    if (attestation.kind === "symmetricKey") {
      report.note(`its keys: dps-certs enrollment show ${id} --keys`);
    }
    report.result(withoutKeys(item), "");
  });
}

/** @param stored - what is there already: what is not asked for of a new one stays */
function newEnrollment(
  { id, deviceId, attestation: given, settings }: NewEnrollment,
  stored?: IndividualEnrollment,
): IndividualEnrollment {
  // An enrollment with a second certificate that was not asked for would not be the same.
  const isPair = given.kind !== "symmetricKey" && given.kind !== "tpm";
  const whole = isPair ? { ...given, removeSecondary: true } : given;
  const enrollment = {
    ...stored,
    registrationId: stored?.registrationId ?? id,
    ...(deviceId !== undefined && { deviceId }),
    attestation: withAttestation(stored?.attestation, whole),
  };
  const provisioningStatus = settings.provisioningStatus ?? "enabled";
  return withSettings(enrollment, { ...settings, provisioningStatus });
}
