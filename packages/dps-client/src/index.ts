export { SAS_LIFE_SECONDS, type SasPolicy, staticToken } from "./authorization.ts";
export {
  CertificatesClient,
  type CertificatesClientOptions,
  MANAGEMENT_ENDPOINT,
  MANAGEMENT_SCOPE,
  type UploadOptions,
} from "./certificates/certificates-client.ts";
export {
  DEFAULT_ROUNDS,
  type ProvePossessionOptions,
  type SignVerification,
} from "./certificates/prove-possession.ts";
export { CLOUDS, type Cloud, type CloudName } from "./clouds.ts";
export type { DeviceAttestation } from "./device-attestation.ts";
export {
  type CertificateInput,
  type CertificatePair,
  symmetricKeys,
  tpm,
  x509CaReferences,
  x509ClientCertificates,
  x509SigningCertificates,
} from "./enrollments/attestation.ts";
export {
  type BulkItems,
  type BulkOptions,
  type BulkOutcome,
  type CreateOrUpdateOptions,
  DEFAULT_BULK_CONCURRENCY,
  DEFAULT_CHANGE_ROUNDS,
  type Enrollment,
  type EnrollmentCollection,
  type EnrollmentQueryOptions,
  type ReferenceTo,
  type RegistrationCollection,
  type RoundsOptions,
} from "./enrollments/collections.ts";
export {
  type ConnectionStringOptions,
  EnrollmentClient,
  type EnrollmentClientOptions,
  SERVICE_SCOPE,
  type ServiceCredential,
} from "./enrollments/enrollment-client.ts";
export { mergeEnrollment } from "./enrollments/merge.ts";
export type { Paged, QueryOptions } from "./enrollments/pages.ts";
export { isSameEnrollment } from "./enrollments/reflects.ts";
export {
  DpsClientError,
  type DpsClientErrorCode,
  type DpsClientErrorDetails,
  isDpsClientError,
} from "./errors.ts";
export {
  type FindScope,
  type FoundService,
  parseResourceId,
  type Subscription,
} from "./find-service.ts";
export type {
  CallOptions,
  ConditionalOptions,
  RequiredConditionOptions,
  TransportOptions,
} from "./options.ts";
export { DEFAULT_RATE, type RateLimit, tokenBucket } from "./rate.ts";
export {
  DEFAULT_POLL_MS,
  DEFAULT_REGISTRATION_MS,
  DEVICE_ENDPOINT,
  type RegisterOptions,
  RegistrationClient,
  type RegistrationClientOptions,
  type RegistrationClientSettings,
} from "./registration-client.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
export type { Runtime } from "./runtime.ts";
export { createSasToken, deriveDeviceKey, type SasTokenOptions } from "./sas.ts";
export {
  type ConnectionStringRights,
  type FindServiceOptions,
  type ListServicesOptions,
  ProvisioningServicesClient,
  type ProvisioningServicesClientOptions,
  SUBSCRIPTIONS_API_VERSION,
} from "./services-client.ts";
export type { ClientCertificate } from "./tls-options.ts";
export { DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT_MS } from "./transport.ts";
export { DEFAULT_CONCURRENCY } from "./turns.ts";
export { USER_AGENT, VERSION } from "./version.ts";
