import type {
  DeviceRegistrationState,
  IndividualEnrollment,
  X509CertificateWithInfo,
} from "@dps-certs/dps-protocol";
import { fields, table } from "../../output/table.ts";
import { webhookText } from "../group/changes.ts";

type Attestation = IndividualEnrollment["attestation"];

export function enrollmentTable(enrollments: readonly IndividualEnrollment[]): string {
  const rows = enrollments.map((one) => [
    one.registrationId,
    one.provisioningStatus ?? "enabled",
    one.attestation.type,
    one.deviceId ?? "",
    shownBy(one.attestation),
  ]);
  return table(["ID", "STATE", "ATTESTATION", "DEVICE", "CERTIFICATE"], rows);
}

function shownBy({ x509 }: Attestation): string {
  const { primary, secondary } = x509?.caReferences ?? {};
  const references = [primary, secondary].filter(Boolean).join(", ");
  return x509?.clientCertificates?.primary?.info?.sha256Thumbprint ?? references;
}

/** @param enrollment - its symmetric keys are shown where they are in it */
export function enrollmentText(enrollment: IndividualEnrollment): string {
  const { attestation, reprovisionPolicy: again } = enrollment;
  const webhook = enrollment.customAllocationDefinition;
  return fields([
    ["id", enrollment.registrationId],
    ["device", enrollment.deviceId ?? undefined],
    ["state", enrollment.provisioningStatus ?? "enabled"],
    ["attestation", attestation.type],
    ...attestationFields(attestation),
    ["allocation", enrollment.allocationPolicy ?? undefined],
    ["IoT hub", enrollment.iotHubHostName ?? undefined],
    ["IoT hubs", enrollment.iotHubs?.join(", ") || undefined],
    ["webhook", webhook ? webhookText(webhook.webhookUrl) : undefined],
    ["reprovision", again ? reprovisionText(again) : undefined],
    ["IoT Edge", enrollment.capabilities?.iotEdge ? "yes" : undefined],
    ["initial twin", enrollment.initialTwin ? JSON.stringify(enrollment.initialTwin) : undefined],
    ...registrationFields(enrollment.registrationState),
    ["created", enrollment.createdDateTimeUtc ?? undefined],
    ["updated", enrollment.lastUpdatedDateTimeUtc ?? undefined],
  ]);
}

type Fields = [string, string | undefined][];

function attestationFields({ x509, symmetricKey, tpm }: Attestation): Fields {
  const { clientCertificates, caReferences } = x509 ?? {};
  return [
    ...slotFields("primary", clientCertificates?.primary),
    ...slotFields("secondary", clientCertificates?.secondary),
    ["primary", caReferences?.primary ?? undefined],
    ["secondary", caReferences?.secondary ?? undefined],
    ["primary key", symmetricKey?.primaryKey ?? undefined],
    ["secondary key", symmetricKey?.secondaryKey ?? undefined],
    ["endorsement key", tpm?.endorsementKey],
    ["storage root key", tpm?.storageRootKey ?? undefined],
  ];
}

function slotFields(name: string, slot: X509CertificateWithInfo | null | undefined): Fields {
  return [
    [name, slot?.info?.subjectName],
    ["  SHA-256", slot?.info?.sha256Thumbprint],
    ["  until", slot?.info?.notAfterUtc],
  ];
}

function registrationFields(state: DeviceRegistrationState | null | undefined): Fields {
  const { errorCode, errorMessage } = state ?? {};
  return [
    ["registration", state?.status ?? undefined],
    ["  IoT hub", state?.assignedHub ?? undefined],
    ["  error", [errorCode, errorMessage].filter(Boolean).join(" ") || undefined],
    ["  updated", (state?.status && state.lastUpdatedDateTimeUtc) || undefined],
  ];
}

/** In the words of `--reprovision`. */
function reprovisionText({
  updateHubAssignment,
  migrateDeviceData,
}: NonNullable<IndividualEnrollment["reprovisionPolicy"]>): string {
  if (!updateHubAssignment) return "never";
  return migrateDeviceData ? "migrate" : "reset";
}
