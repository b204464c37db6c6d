/** Registration of a device, as the device plane and the registration records speak of it. */
import * as v from "valibot";
import { X509CertificateInfo } from "./attestation.ts";
import { openNames } from "./schema.ts";

/** Lower case on the wire. */
export const REGISTRATION_STATUSES = [
  "unassigned",
  "assigning",
  "assigned",
  "failed",
  "disabled",
] as const;
/** In the answer of a newer service it may be another text. */
export const RegistrationStatus = openNames(REGISTRATION_STATUSES);
export type RegistrationStatus = v.InferOutput<typeof RegistrationStatus>;

const CertificateInfo = v.nullish(v.partial(X509CertificateInfo));

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
  /** How the device showed who it is; the service was seen to answer it empty. */
  x509: v.nullish(
    v.looseObject({
      certificateInfo: CertificateInfo,
      signingCertificateInfo: CertificateInfo,
      enrollmentGroupId: v.nullish(v.string()),
    }),
  ),
  symmetricKey: v.nullish(v.looseObject({ enrollmentGroupId: v.nullish(v.string()) })),
  /** The key is encrypted for the TPM. */
  tpm: v.nullish(v.looseObject({ authenticationKey: v.nullish(v.string()) })),
  /** What a custom allocation's webhook answers to the device. */
  payload: v.nullish(v.unknown()),
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
