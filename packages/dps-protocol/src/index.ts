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
export {
  AttestationMechanism,
  EnrollmentGroup,
  EnrollmentGroupList,
  QuerySpecification,
  X509CertificateInfo,
  type X509Certificates,
  type X509CertificateWithInfo,
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
  DeviceRegistration,
  DeviceRegistrationState,
  DeviceRegistrationStateList,
  RegistrationOperationStatus,
  RegistrationStatus,
} from "./registrations.ts";
export { parseWire, WireError } from "./schema.ts";
export {
  API_VERSION,
  MAX_BODY_BYTES,
  MAX_CERTIFICATES,
  MAX_GROUPS_OF_A_KIND,
  NESTED_UPLOAD_SINCE,
  type ServiceResource,
  servicePath,
} from "./service.ts";
