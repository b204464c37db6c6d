import { answerAttestation } from "../service/attestation.ts";
import type { AuthenticatedDevice } from "./authenticate.ts";
import { deviceIdOf, type Enrollment } from "./enrollment.ts";
import { lastAssignment, type StoredRegistration } from "./registration-store.ts";

/** What an enrollment says of its webhook. */
interface Definition {
  webhookUrl?: string;
  apiVersion?: string;
}

/**
 * What a webhook is asked: the enrollment as the service answers it, without keys and with the
 * webhook's own key masked, the device, and the hubs to choose from.
 */
export function allocationRequest(input: {
  enrollment: Enrollment;
  registration: StoredRegistration;
  device: AuthenticatedDevice;
  hubs: readonly string[];
  /** What the device sent along. */
  payload: unknown;
}): { url: string; body: object } {
  const { enrollment, registration, device, hubs, payload } = input;
  const { registrationId } = registration;
  const former = lastAssignment(registration);
  const { webhookUrl: url = "" } = definitionOf(enrollment);
  const described = describe(enrollment);
  return {
    url,
    body: {
      ...(enrollment.kind === "group"
        ? { enrollmentGroup: described }
        : { individualEnrollment: described }),
      deviceRuntimeContext: {
        registrationId,
        ...(former && {
          currentIotHubHostName: former.assignedHub,
          currentDeviceId: former.deviceId ?? deviceIdOf(enrollment, registrationId),
        }),
        ...describeCredential(device),
        ...(payload === undefined || payload === null ? {} : { payload }),
      },
      linkedHubs: hubs,
    },
  };
}

function definitionOf({ record }: Enrollment): Definition {
  return (record.members.customAllocationDefinition ?? {}) as Definition;
}

function describeCredential({ credential }: AuthenticatedDevice): object {
  if (credential.type === "symmetricKey") return { symmetricKey: {} };
  return { x509: { clientCertificate: credential.certificate } };
}

function describe(enrollment: Enrollment): Record<string, unknown> {
  const { kind, record } = enrollment;
  const ids =
    kind === "group"
      ? { enrollmentGroupId: record.enrollmentGroupId }
      : { registrationId: record.registrationId, deviceId: record.deviceId };
  const { webhookUrl, ...definition } = definitionOf(enrollment);
  return {
    ...ids,
    attestation: answerAttestation(record.attestation, { keys: false }),
    ...record.members,
    // As the database has it, where the service's own answers have it in base64.
    etag: Buffer.from(record.etag, "base64").toString(),
    provisioningStatus: record.provisioningStatus ?? "enabled",
    createdDateTimeUtc: record.createdDateTimeUtc,
    lastUpdatedDateTimeUtc: record.lastUpdatedDateTimeUtc,
    customAllocationDefinition: { webhookUrl: masked(webhookUrl ?? ""), ...definition },
  };
}

/** A function's key stands in the query. */
const masked = (url: string) => url.replace(/\?.*$/s, "?****");
