/** Enrollments, groups and their attestation, as the service data plane speaks of them (2021-10-01). */
import * as v from "valibot";

/** Items of one bulk operation. */
export const MAX_BULK_ITEMS = 10;
/** Fewest and most bytes of a symmetric key, which is written as base64. */
export const SYMMETRIC_KEY_BYTES = { min: 16, max: 64 } as const;
/** Earliest api-version of the types that a custom allocation's webhook is sent. */
export const MIN_WEBHOOK_API_VERSION = "2018-09-01";

export const X509CertificateInfo = v.looseObject({
  subjectName: v.string(),
  sha1Thumbprint: v.string(),
  sha256Thumbprint: v.string(),
  issuerName: v.string(),
  notBeforeUtc: v.string(),
  notAfterUtc: v.string(),
  serialNumber: v.string(),
  version: v.number(),
});
export type X509CertificateInfo = v.InferOutput<typeof X509CertificateInfo>;

const X509CertificateWithInfo = v.looseObject({
  /** PEM text, base64(PEM) or base64(DER) in a request; the service answers with `info` alone. */
  certificate: v.nullish(v.string()),
  info: v.nullish(X509CertificateInfo),
});
export type X509CertificateWithInfo = v.InferOutput<typeof X509CertificateWithInfo>;

const X509Certificates = v.looseObject({
  primary: v.nullish(X509CertificateWithInfo),
  secondary: v.nullish(X509CertificateWithInfo),
});
export type X509Certificates = v.InferOutput<typeof X509Certificates>;

const X509CaReferences = v.looseObject({
  primary: v.nullish(v.string()),
  secondary: v.nullish(v.string()),
});
export type X509CaReferences = v.InferOutput<typeof X509CaReferences>;

const X509Attestation = v.looseObject({
  /** Intermediate or root certificates that sign the devices of a group. */
  signingCertificates: v.nullish(X509Certificates),
  /** Leaf certificates of an individual enrollment. */
  clientCertificates: v.nullish(X509Certificates),
  /** Names of certificates in the service. */
  caReferences: v.nullish(X509CaReferences),
});
export type X509Attestation = v.InferOutput<typeof X509Attestation>;

/** Both keys are base64, and drawn by the service where they are absent. */
const SymmetricKeyAttestation = v.looseObject({
  primaryKey: v.nullish(v.string()),
  secondaryKey: v.nullish(v.string()),
});
export type SymmetricKeyAttestation = v.InferOutput<typeof SymmetricKeyAttestation>;

const TpmAttestation = v.looseObject({
  endorsementKey: v.string(),
  storageRootKey: v.nullish(v.string()),
});
export type TpmAttestation = v.InferOutput<typeof TpmAttestation>;

export const AttestationMechanism = v.looseObject({
  type: v.picklist(["none", "tpm", "x509", "symmetricKey"]),
  tpm: v.nullish(TpmAttestation),
  x509: v.nullish(X509Attestation),
  symmetricKey: v.nullish(SymmetricKeyAttestation),
});
export type AttestationMechanism = v.InferOutput<typeof AttestationMechanism>;

/** The webhook of `allocationPolicy` "custom". */
export const CustomAllocationDefinition = v.looseObject({
  webhookUrl: v.string(),
  apiVersion: v.string(),
});
export type CustomAllocationDefinition = v.InferOutput<typeof CustomAllocationDefinition>;

const common = {
  attestation: AttestationMechanism,
  provisioningStatus: v.nullish(v.picklist(["enabled", "disabled"])),
  etag: v.nullish(v.string()),
  createdDateTimeUtc: v.nullish(v.string()),
  lastUpdatedDateTimeUtc: v.nullish(v.string()),
  capabilities: v.nullish(v.looseObject({ iotEdge: v.nullish(v.boolean()) })),
  iotHubHostName: v.nullish(v.string()),
  initialTwin: v.nullish(v.looseObject({})),
  reprovisionPolicy: v.nullish(
    v.looseObject({
      updateHubAssignment: v.nullish(v.boolean()),
      migrateDeviceData: v.nullish(v.boolean()),
    }),
  ),
  allocationPolicy: v.nullish(v.string()),
  iotHubs: v.nullish(v.array(v.string())),
  customAllocationDefinition: v.nullish(CustomAllocationDefinition),
};

export const EnrollmentGroup = v.looseObject({ enrollmentGroupId: v.string(), ...common });
export type EnrollmentGroup = v.InferOutput<typeof EnrollmentGroup>;

export const EnrollmentGroupList = v.array(EnrollmentGroup);

export const IndividualEnrollment = v.looseObject({
  registrationId: v.string(),
  deviceId: v.nullish(v.string()),
  ...common,
  /** In the answer to GET alone; a `DeviceRegistrationState`. */
  registrationState: v.nullish(v.looseObject({})),
  optionalDeviceInformation: v.nullish(v.looseObject({})),
});
export type IndividualEnrollment = v.InferOutput<typeof IndividualEnrollment>;

export const IndividualEnrollmentList = v.array(IndividualEnrollment);

/** What a bulk operation does with each item; clients spell the third in two ways. */
export const BULK_MODES = ["create", "update", "updateIfMatchETag", "delete"] as const;
export type BulkMode = (typeof BULK_MODES)[number];

/** Items are checked one by one: a wrong one is an error of its own in the answer. */
const BulkItem = v.looseObject({ etag: v.nullish(v.string()) });

export const BulkEnrollmentOperation = v.looseObject({
  mode: v.string(),
  enrollments: v.array(v.looseObject({ ...BulkItem.entries, registrationId: v.string() })),
});
export type BulkEnrollmentOperation = v.InferOutput<typeof BulkEnrollmentOperation>;

export const BulkEnrollmentGroupOperation = v.looseObject({
  mode: v.string(),
  enrollmentGroups: v.array(v.looseObject({ ...BulkItem.entries, enrollmentGroupId: v.string() })),
});
export type BulkEnrollmentGroupOperation = v.InferOutput<typeof BulkEnrollmentGroupOperation>;

/** Answer to a bulk operation of either kind: HTTP 200 also when items failed. */
export const BulkOperationResult = v.looseObject({
  isSuccessful: v.boolean(),
  errors: v.nullish(
    v.array(
      v.looseObject({
        /** Of an enrollment. */
        registrationId: v.nullish(v.string()),
        /** Of a group. */
        enrollmentGroupId: v.nullish(v.string()),
        errorCode: v.number(),
        errorStatus: v.string(),
      }),
    ),
  ),
});
export type BulkOperationResult = v.InferOutput<typeof BulkOperationResult>;

/**
 * A query as clients send it: `SELECT * …`, or the bare `*` of the samples for Node and C.
 */
export const QuerySpecification = v.looseObject({ query: v.string() });
