export { SAS_LIFE_SECONDS, type SasPolicy, staticToken } from "./authorization.ts";
export {
  CertificatesClient,
  type CertificatesClientOptions,
  MANAGEMENT_ENDPOINT,
  MANAGEMENT_SCOPE,
  type UploadOptions,
} from "./certificates-client.ts";
export {
  type ConnectionStringOptions,
  EnrollmentClient,
  type EnrollmentClientOptions,
  SERVICE_SCOPE,
} from "./enrollment-client.ts";
export {
  DpsClientError,
  type DpsClientErrorCode,
  type DpsClientErrorDetails,
  isDpsClientError,
} from "./errors.ts";
export type {
  CallOptions,
  ConditionalOptions,
  RequiredConditionOptions,
  TransportOptions,
} from "./options.ts";
export type { QueryOptions } from "./pages.ts";
export { DEFAULT_ROUNDS, type ProvePossessionOptions } from "./prove-possession.ts";
export {
  DEFAULT_POLL_MS,
  DEFAULT_REGISTRATION_MS,
  DEVICE_ENDPOINT,
  type RegisterOptions,
  RegistrationClient,
  type RegistrationClientOptions,
} from "./registration-client.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
export type { Runtime } from "./runtime.ts";
export { createSasToken, deriveDeviceKey, type SasTokenOptions } from "./sas.ts";
export type { ClientCertificate } from "./tls-options.ts";
export { DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT_MS } from "./transport.ts";
export { USER_AGENT, VERSION } from "./version.ts";
