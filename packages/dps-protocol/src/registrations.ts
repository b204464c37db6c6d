/** Registration of a device, as the device plane and the registration records speak of it. */
import * as v from "valibot";

/** Lower case on the wire. */
export const RegistrationStatus = v.picklist([
  "unassigned",
  "assigning",
  "assigned",
  "failed",
  "disabled",
]);
export type RegistrationStatus = v.InferOutput<typeof RegistrationStatus>;

const state = {
  registrationId: v.nullish(v.string()),
  createdDateTimeUtc: v.nullish(v.string()),
  lastUpdatedDateTimeUtc: v.nullish(v.string()),
  assignedHub: v.nullish(v.string()),
  deviceId: v.nullish(v.string()),
  status: v.nullish(RegistrationStatus),
  substatus: v.nullish(v.string()),
  errorCode: v.nullish(v.number()),
  errorMessage: v.nullish(v.string()),
  etag: v.nullish(v.string()),
};

/** A registration record: GET /registrations/{id}, and the final answer to a device. */
export const DeviceRegistrationState = v.looseObject(state);
export type DeviceRegistrationState = v.InferOutput<typeof DeviceRegistrationState>;

export const DeviceRegistrationStateList = v.array(DeviceRegistrationState);

/** Answer to `register` and to a poll of its operation. */
export const RegistrationOperationStatus = v.looseObject({
  operationId: v.string(),
  status: v.nullish(RegistrationStatus),
  registrationState: v.nullish(DeviceRegistrationState),
});
export type RegistrationOperationStatus = v.InferOutput<typeof RegistrationOperationStatus>;

export const DeviceRegistration = v.looseObject({
  registrationId: v.nullish(v.string()),
  payload: v.nullish(v.unknown()),
});
