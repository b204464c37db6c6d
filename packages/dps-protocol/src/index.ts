export {
  ATTESTATION_TYPES,
  AttestationBody,
  AttestationMechanism,
  SYMMETRIC_KEY_BYTES,
  type SymmetricKeyAttestation,
  type TpmAttestation,
  type X509Attestation,
  type X509CaReferences,
  X509CertificateInfo,
  type X509Certificates,
  type X509CertificateWithInfo,
} from "./attestation.ts";
export { symmetricKeyProblem, tpmKeyProblem } from "./attestation-rules.ts";
export {
  BULK_MODES,
  BulkEnrollmentGroupOperation,
  BulkEnrollmentOperation,
  type BulkMode,
  BulkOperationResult,
  MAX_BULK_ITEMS,
} from "./bulk.ts";
export {
  CertificateList,
  CertificateResponse,
  type CertificateUpload,
  FlatCertificateUpload,
  NestedCertificateUpload,
  VerificationCodeResponse,
  VerificationRequest,
} from "./certificates.ts";
export {
  ConnectionStringError,
  formatConnectionString,
  parseConnectionString,
  type ServiceConnectionString,
} from "./connection-string.ts";
export { ALLOCATION_POLICIES, MIN_WEBHOOK_API_VERSION } from "./enrollment-rules.ts";
export {
  CustomAllocationDefinition,
  EnrollmentGroup,
  EnrollmentGroupBody,
  EnrollmentGroupList,
  EnrollmentGroupRequest,
  IndividualEnrollment,
  IndividualEnrollmentBody,
  IndividualEnrollmentList,
  IndividualEnrollmentRequest,
  InitialTwin,
  QuerySpecification,
  ReprovisionPolicy,
  TwinCollection,
} from "./enrollments.ts";
export {
  ERROR_CODE,
  MANAGEMENT_CODE,
  ManagementErrorBody,
  ProviderErrorBody,
  ServiceErrorBody,
} from "./errors.ts";
export {
  COMMON_NAME_MAX_LENGTH,
  certificateNameProblem,
  deviceIdProblem,
  ID_MAX_LENGTH,
  idKey,
  idProblem,
  sameId,
} from "./ids.ts";
export {
  ACCESS_RIGHTS,
  type AccessRight,
  AsyncOperation,
  LinkedHub,
  NameAvailability,
  NameAvailabilityRequest,
  ProvisioningServiceDescription,
  ProvisioningServiceList,
  ProvisioningServiceUpdate,
  ResourceGroup,
  ResourceGroupList,
  ResourceProvider,
  ResourceProviderList,
  SharedAccessPolicy,
  SharedAccessPolicyList,
  SkuList,
  Subscription,
  SubscriptionList,
  serviceNameProblem,
  TagsUpdate,
} from "./provisioning-service.ts";
export {
  DeviceRegistration,
  DeviceRegistrationState,
  DeviceRegistrationStateList,
  REGISTRATION_STATUSES,
  RegistrationOperationStatus,
  RegistrationStatus,
} from "./registrations.ts";
export { parseWire, WireError, type WireProblem, wireProblems } from "./schema.ts";
export {
  API_VERSION,
  MAX_BODY_BYTES,
  MAX_CERTIFICATES,
  MAX_GROUPS_OF_A_KIND,
  NESTED_UPLOAD_SINCE,
  type ServiceResource,
  servicePath,
} from "./service.ts";
export {
  InstanceDiscovery,
  JsonWebKeySet,
  OpenIdConfiguration,
  TokenErrorBody,
  TokenResponse,
} from "./tokens.ts";
