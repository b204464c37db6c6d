import { ERROR_CODE } from "@dps-certs/dps-protocol";
import type { ProvisioningService } from "../provisioning-service.ts";
import { allocate, allocationPolicyOf, hubsFor } from "./allocation.ts";
import { deviceIdOf, type Enrollment } from "./enrollment.ts";
import { lastAssignment, type Outcome, type StoredRegistration } from "./registration-store.ts";
import { assign, reprovisionPolicyOf } from "./reprovision.ts";

export const NO_HUB: Outcome = {
  status: "failed",
  errorCode: ERROR_CODE.noHubLinked,
  errorMessage: "No IoT hub is linked to the provisioning service.",
};

/** What becomes of a device that registers; a webhook's word is still to come. */
export function outcomeOf(input: {
  enrollment: Enrollment;
  service: ProvisioningService;
  registrationId: string;
  present: StoredRegistration | undefined;
  /** What the device sent along. */
  payload: unknown;
}): Outcome {
  const { enrollment, service, registrationId, present, payload } = input;
  const { record } = enrollment;
  if (record.provisioningStatus === "disabled") return { status: "disabled" };
  const former = lastAssignment(present);
  const current = former?.assignedHub;
  const hubs = hubsFor(record, service, current);
  const policy = allocationPolicyOf(record, service);
  if (policy === "custom" && hubs.length > 0) {
    return { status: "assigning", ...(payload === undefined ? {} : { payload }) };
  }
  const hashed = policy === "custom" ? "hashed" : policy;
  const assignedHub = allocate({ policy: hashed, hubs, current, registrationId, service });
  if (assignedHub === undefined) return NO_HUB;
  return assign({
    assignedHub,
    deviceId: deviceIdOf(enrollment, registrationId),
    former,
    policy: reprovisionPolicyOf(record.members),
  });
}
