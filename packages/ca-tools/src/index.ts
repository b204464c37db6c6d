export { archiveGroup } from "./authority/archive-group.ts";
export {
  type CaOptions,
  createIntermediate,
  createRoot,
  type Made,
} from "./authority/create-ca.ts";
export { createDevices, type DeviceOptions, type MadeDevice } from "./authority/devices.ts";
export { assignGroup, sameGroup } from "./authority/groups.ts";
export { type Ca, findCa, loadCa, readCaCertificate } from "./authority/load-ca.ts";
export {
  type DeviceIdentity,
  listDeviceIds,
  loadDevice,
  readDevice,
} from "./authority/load-device.ts";
export { createVerificationCertificate } from "./authority/verification.ts";
export { CaToolsError, type CaToolsErrorCode } from "./errors.ts";
export {
  caNameFor,
  caPaths,
  checkDeviceId,
  devicePaths,
  FIRST_INTERMEDIATE,
  ROOT,
} from "./folder/layout.ts";
export { openPki } from "./folder/pki.ts";
export type { CaRecord, Registry } from "./folder/registry.ts";
export {
  type Certificate,
  MAX_CERTIFICATE_BYTES,
  parseCertificate,
  parseCertificates,
} from "./x509/certificate.ts";
export type { Names } from "./x509/extensions.ts";
export {
  type IssueRequest,
  type Issuer,
  issueCertificate,
  randomSerialNumber,
} from "./x509/issue.ts";
export {
  algorithmOf,
  DEFAULT_KEY_ALGORITHM,
  exportPrivateKeyPem,
  generateKeyPair,
  isKeyOf,
  KEY_ALGORITHMS,
  type KeyAlgorithmName,
  type KeyPair,
  parsePrivateKey,
} from "./x509/keys.ts";
export { findPaths, isIssuedBy, MAX_PATH_LENGTH } from "./x509/paths.ts";
export { PROFILES, type Profile, type ProfileName } from "./x509/profiles.ts";
export {
  type Finding,
  type FindingCode,
  type PathInput,
  type PathPolicy,
  validatePath,
} from "./x509/validate.ts";
export { BACKDATE_MS, type Validity, validityFor } from "./x509/validity.ts";
