/** Enrollments and groups, as the service data plane speaks of them (2021-10-01). */
import * as v from "valibot";
import { AttestationBody, AttestationMechanism } from "./attestation.ts";
import { ALLOCATION_POLICIES, GROUP_RULES, INDIVIDUAL_RULES } from "./enrollment-rules.ts";
import { DeviceRegistrationState } from "./registrations.ts";
import { AnyObject, follows, openNames } from "./schema.ts";

/** The webhook of `allocationPolicy` "custom". */
export const CustomAllocationDefinition = v.looseObject({
  webhookUrl: v.string(),
  apiVersion: v.string(),
});
export type CustomAllocationDefinition = v.InferOutput<typeof CustomAllocationDefinition>;

/**
 * Tags or properties of a device twin. The specification's own members (`version`, `count`,
 * `metadata`) are names that users give too, so nothing is said about them.
 */
export const TwinCollection = AnyObject;
export type TwinCollection = v.InferOutput<typeof TwinCollection>;

export const InitialTwin = v.looseObject({
  tags: v.nullish(TwinCollection),
  properties: v.nullish(v.looseObject({ desired: v.nullish(TwinCollection) })),
});
export type InitialTwin = v.InferOutput<typeof InitialTwin>;

export const ReprovisionPolicy = v.looseObject({
  updateHubAssignment: v.nullish(v.boolean()),
  migrateDeviceData: v.nullish(v.boolean()),
});
export type ReprovisionPolicy = v.InferOutput<typeof ReprovisionPolicy>;

const PROVISIONING_STATUSES = ["enabled", "disabled"] as const;

const common = <A extends v.GenericSchema, S extends v.GenericSchema<string>>(
  attestation: A,
  status: S,
) => ({
  attestation,
  provisioningStatus: v.nullish(status),
  etag: v.nullish(v.string()),
  createdDateTimeUtc: v.nullish(v.string()),
  lastUpdatedDateTimeUtc: v.nullish(v.string()),
  capabilities: v.nullish(v.looseObject({ iotEdge: v.nullish(v.boolean()) })),
  iotHubHostName: v.nullish(v.string()),
  initialTwin: v.nullish(InitialTwin),
  reprovisionPolicy: v.nullish(ReprovisionPolicy),
  allocationPolicy: v.nullish(openNames(ALLOCATION_POLICIES)),
  iotHubs: v.nullish(v.array(v.string())),
  customAllocationDefinition: v.nullish(CustomAllocationDefinition),
});

/** As the service answers it, whatever its version: names may be others than those known here. */
const answered = () => common(AttestationMechanism, openNames(PROVISIONING_STATUSES));
/** As a service takes it: of the names that this version knows. */
const taken = () => common(AttestationBody, v.picklist(PROVISIONING_STATUSES));

const groupId = { enrollmentGroupId: v.string() };
export const EnrollmentGroup = v.looseObject({ ...groupId, ...answered() });
export type EnrollmentGroup = v.InferOutput<typeof EnrollmentGroup>;
export const EnrollmentGroupList = v.array(EnrollmentGroup);

/** A group as a service takes it. */
export const EnrollmentGroupBody = v.looseObject({ ...groupId, ...taken() });
export type EnrollmentGroupBody = v.InferOutput<typeof EnrollmentGroupBody>;

/** A group as a client may send it: with the rules that the service is known to have. */
export const EnrollmentGroupRequest = v.pipe(
  EnrollmentGroupBody,
  follows<EnrollmentGroupBody>(GROUP_RULES),
);

const individual = {
  registrationId: v.string(),
  /** @default the registration id */
  deviceId: v.nullish(v.string()),
  /** In the answer to GET alone. */
  registrationState: v.nullish(DeviceRegistrationState),
  optionalDeviceInformation: v.nullish(TwinCollection),
};
export const IndividualEnrollment = v.looseObject({ ...individual, ...answered() });
export type IndividualEnrollment = v.InferOutput<typeof IndividualEnrollment>;
export const IndividualEnrollmentList = v.array(IndividualEnrollment);

/** An individual enrollment as a service takes it. */
export const IndividualEnrollmentBody = v.looseObject({ ...individual, ...taken() });
export type IndividualEnrollmentBody = v.InferOutput<typeof IndividualEnrollmentBody>;

/** An individual enrollment as a client may send it. */
export const IndividualEnrollmentRequest = v.pipe(
  IndividualEnrollmentBody,
  follows<IndividualEnrollmentBody>(INDIVIDUAL_RULES),
);

/**
 * A query as clients send it: `SELECT * …`, or the bare `*` of the samples for Node and C.
 */
export const QuerySpecification = v.looseObject({ query: v.string() });
