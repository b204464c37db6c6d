import type { EnrollmentGroup, X509CertificateWithInfo } from "@dps-certs/dps-protocol";
import { fields, table } from "../../output/table.ts";
import { webhookText } from "./changes.ts";

type Slot = X509CertificateWithInfo | null | undefined;

/** The group as the service answers a read: symmetric keys are told by commands made for it alone. */
export function withoutKeys<T extends Pick<EnrollmentGroup, "attestation">>(item: T): T {
  const { symmetricKey: _, ...attestation } = item.attestation;
  return { ...item, attestation };
}

export function groupTable(groups: readonly EnrollmentGroup[]): string {
  const rows = groups.map(({ enrollmentGroupId, provisioningStatus, attestation }) => [
    enrollmentGroupId,
    provisioningStatus ?? "enabled",
    attestation.type,
    signedBy(attestation),
  ]);
  return table(["ID", "STATE", "ATTESTATION", "SIGNED BY"], rows);
}

function signedBy({ x509 }: EnrollmentGroup["attestation"]): string {
  const { primary, secondary } = x509?.caReferences ?? {};
  const references = [primary, secondary].filter(Boolean).join(", ");
  return x509?.signingCertificates?.primary?.info?.subjectName ?? references;
}

/** @param group - its symmetric keys are shown where they are in it */
export function groupText(group: EnrollmentGroup): string {
  const { attestation, reprovisionPolicy: again, customAllocationDefinition: webhook } = group;
  const { signingCertificates, caReferences } = attestation.x509 ?? {};
  return fields([
    ["id", group.enrollmentGroupId],
    ["state", group.provisioningStatus ?? "enabled"],
    ["attestation", attestation.type],
    ...slotFields("primary", signingCertificates?.primary),
    ...slotFields("secondary", signingCertificates?.secondary),
    ["primary", caReferences?.primary ?? undefined],
    ["secondary", caReferences?.secondary ?? undefined],
    ["primary key", attestation.symmetricKey?.primaryKey ?? undefined],
    ["secondary key", attestation.symmetricKey?.secondaryKey ?? undefined],
    ["allocation", group.allocationPolicy ?? undefined],
    ["IoT hubs", group.iotHubs?.join(", ") || undefined],
    ["webhook", webhook ? webhookText(webhook.webhookUrl) : undefined],
    ["reprovision", again ? reprovisionText(again) : undefined],
    ["IoT Edge", group.capabilities?.iotEdge ? "yes" : undefined],
    ["initial twin", group.initialTwin ? JSON.stringify(group.initialTwin) : undefined],
    ["created", group.createdDateTimeUtc ?? undefined],
    ["updated", group.lastUpdatedDateTimeUtc ?? undefined],
  ]);
}

function slotFields(name: string, slot: Slot): [string, string | undefined][] {
  return [
    [name, slot?.info?.subjectName],
    ["  SHA-256", slot?.info?.sha256Thumbprint],
    ["  until", slot?.info?.notAfterUtc],
  ];
}

/** In the words of `--reprovision`. */
function reprovisionText({
  updateHubAssignment,
  migrateDeviceData,
}: NonNullable<EnrollmentGroup["reprovisionPolicy"]>): string {
  if (!updateHubAssignment) return "never";
  return migrateDeviceData ? "migrate" : "reset";
}
