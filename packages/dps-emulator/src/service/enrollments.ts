import { IndividualEnrollmentBody } from "@dps-certs/dps-protocol";
import { answerRegistration, getRegistration } from "../device/registration-store.ts";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";
import { answerAttestation } from "./attestation.ts";
import {
  ENROLLMENT_PREFIX,
  getEnrollment,
  removeEnrollment,
  type StoredEnrollment,
  saveEnrollment,
} from "./enrollment-store.ts";
import type { RecordKind } from "./record.ts";

/** What IoT Hub allows in the id of a device. */
const DEVICE_ID = /^[A-Za-z0-9\-.+%_#*?!(),:=@$']{1,128}$/;

/** Individual enrollments. The service holds a million of them, which is not counted here. */
export const ENROLLMENTS: RecordKind<StoredEnrollment, IndividualEnrollmentBody> = {
  scope: "enrollment",
  itemType: "Enrollment",
  prefix: ENROLLMENT_PREFIX,
  schema: IndividualEnrollmentBody,
  // No query answers the registration state, so none may ask for it.
  fields: Object.keys(IndividualEnrollmentBody.entries).filter(
    (name) => name !== "registrationState",
  ),
  idMember: "registrationId",
  missing: "no-enrollment",
  exists: "enrollment-exists",
  idOf: ({ registrationId }) => registrationId,
  get: getEnrollment,
  fromStore: (value) => value as StoredEnrollment,
  save: saveEnrollment,
  remove: removeEnrollment,
  checkRoom: () => undefined,
  checkMembers: ({ deviceId }) => {
    if (!deviceId || DEVICE_ID.test(deviceId)) return;
    throw new Refusal("bad-request", "deviceId is not an id that an IoT hub takes.");
  },
  make: (common, id, { deviceId }, present) => ({
    registrationId: present?.registrationId ?? id,
    ...(deviceId ? { deviceId } : {}),
    ...common,
  }),
  answer: (enrollment, { keys, store }) => {
    const { optionalDeviceInformation, capabilities, iotHubHostName, ...more } = enrollment.members;
    const { initialTwin, reprovisionPolicy, allocationPolicy, iotHubs, ...others } = more;
    const { customAllocationDefinition, ...unknown } = others;
    return {
      registrationId: enrollment.registrationId,
      deviceId: enrollment.deviceId,
      registrationState: store && stateOf(store, enrollment),
      optionalDeviceInformation,
      attestation: answerAttestation(enrollment.attestation, { keys }),
      capabilities,
      iotHubHostName,
      initialTwin,
      etag: enrollment.etag,
      provisioningStatus: enrollment.provisioningStatus,
      reprovisionPolicy,
      createdDateTimeUtc: enrollment.createdDateTimeUtc,
      lastUpdatedDateTimeUtc: enrollment.lastUpdatedDateTimeUtc,
      allocationPolicy,
      iotHubs,
      customAllocationDefinition,
      ...unknown,
    };
  },
};

/** The record of a registration through this very enrollment. */
function stateOf(store: Reader, { registrationId, incarnation }: StoredEnrollment) {
  const registration = getRegistration(store, registrationId);
  if (registration?.group === incarnation) return answerRegistration(registration);
  return { registrationId, status: "unassigned" };
}
