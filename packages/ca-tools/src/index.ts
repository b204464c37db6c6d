export { archiveGroup } from "./authority/archive-group.ts";
export { checkMayIssueCa } from "./authority/ca-files.ts";
export {
  type CaInput,
  type CaMaterial,
  caCertificatesIn,
  openCaInput,
  readCaInput,
} from "./authority/ca-input.ts";
export { isChainFileMissing, restoreChainFile } from "./authority/chain-file.ts";
export {
  type CaOptions,
  createIntermediate,
  createRoot,
  type Made,
} from "./authority/create-ca.ts";
export {
  type ChainOptions,
  createChain,
  MAX_INTERMEDIATES,
  type MadeCa,
} from "./authority/create-chain.ts";
export { createCrl, crlPath, type MadeCrl } from "./authority/crl.ts";
export type { PfxOptions } from "./authority/device-pfx.ts";
export { type DeviceProfile, type DeviceRole, roleOf } from "./authority/device-roles.ts";
export { createDevices, type DeviceOptions, type MadeDevice } from "./authority/devices.ts";
export { assignGroup, lowestCas, sameGroup } from "./authority/groups.ts";
export { checkOwnCa, type Imported, type ImportOptions, importCa } from "./authority/import-ca.ts";
export { readAtMost } from "./authority/input-file.ts";
export { issuersOf, readChain } from "./authority/issuers.ts";
export { leafPaths } from "./authority/leaf-files.ts";
export {
  type Ca,
  findCa,
  type KnownCa,
  loadCa,
  readCa,
  readCaCertificate,
} from "./authority/load-ca.ts";
export {
  type DeviceIdentity,
  isKeyElsewhere,
  listDeviceIds,
  loadDevice,
  readDevice,
} from "./authority/load-device.ts";
export { type RenewedDevice, type RenewOptions, renewDevices } from "./authority/renew.ts";
export { findIssued, type IssuedCertificate, type Revoked, revoke } from "./authority/revoke.ts";
export {
  createShards,
  MAX_SHARDS,
  type MadeShards,
  type ShardOptions,
} from "./authority/shards/create-shards.ts";
export type { Shard } from "./authority/shards/find-shards.ts";
export { refuseRootKey } from "./authority/shards/root-key.ts";
export {
  type RequestProfile,
  type SignedRequest,
  type SignRequestOptions,
  signRequest,
} from "./authority/sign-request.ts";
export { createVerificationCertificate } from "./authority/verification.ts";
export {
  createScriptCertificate,
  type ScriptCertificate,
  type ScriptCertificateOptions,
} from "./certgen/create-certificate.ts";
export {
  createScriptChain,
  type ScriptChain,
  type ScriptChainOptions,
} from "./certgen/create-chain.ts";
export {
  SCRIPT_CA_NAMES,
  SCRIPT_COMMANDS,
  type ScriptCertificateKind,
  type ScriptCommand,
  type ScriptPaths,
} from "./certgen/script-files.ts";
export { CaToolsError, type CaToolsErrorCode } from "./errors.ts";
export { compileFleetIssuer } from "./fleet/compile.ts";
export { issueFleet } from "./fleet/issue-fleet.ts";
export type {
  FleetDevice,
  FleetIssuer,
  FleetIssuerOptions,
  FleetOptions,
  FleetProfile,
  FleetRequest,
} from "./fleet/types.ts";
export { createFleet } from "./fleet-folder/create-fleet.ts";
export { fleetRunName } from "./fleet-folder/run-state.ts";
export type {
  BadRow,
  FleetOutput,
  FleetResult,
  FleetRow,
  FleetRunOptions,
  InputRow,
  RepeatedDevice,
} from "./fleet-folder/types.ts";
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
export { describeItems, inspect } from "./inspect/inspect.ts";
export { type Item, MAX_INSPECT_BYTES, type ReadOptions, readItems } from "./inspect/items.ts";
export { certificatesIn } from "./inspect/links.ts";
export type {
  CertificateRole,
  Inspected,
  InspectedCertificate,
  InspectedCrl,
  InspectedPfx,
  InspectedPrivateKey,
  InspectedPublicKey,
  InspectedRequest,
  InspectedUnknown,
  InspectProblem,
} from "./inspect/types.ts";
export {
  type Certificate,
  MAX_CERTIFICATE_BYTES,
  parseCertificate,
  parseCertificates,
} from "./x509/certificate.ts";
export {
  type Crl,
  type CrlEntry,
  type CrlInput,
  isCrlOf,
  issueCrl,
  MAX_CRL_BYTES,
  parseCrl,
} from "./x509/crl.ts";
export type { Names } from "./x509/extensions.ts";
export type { GeneralName } from "./x509/general-names.ts";
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
  generateKeyPairs,
  isKeyOf,
  KEY_ALGORITHMS,
  type KeyAlgorithmName,
  type KeyPair,
  parsePrivateKey,
} from "./x509/keys.ts";
export { findPaths, isIssuedBy, MAX_PATH_LENGTH } from "./x509/paths.ts";
export {
  MAX_PFX_BYTES,
  type ReadPfx,
  type ReadPfxOptions,
  readPfx,
} from "./x509/pfx/read.ts";
export { type PfxContents, type PfxForm, writePfx } from "./x509/pfx/write.ts";
export {
  encryptPrivateKey,
  KEY_DERIVATION_ROUNDS,
  MAX_PRIVATE_KEY_BYTES,
  type PasswordSource,
  type PrivateKeyOptions,
  readPrivateKey,
} from "./x509/private-key.ts";
export { PROFILES, type Profile, type ProfileName } from "./x509/profiles.ts";
export {
  type CrlReason,
  REVOCATION_REASONS,
  type RevocationReason,
  revocationReason,
} from "./x509/reasons.ts";
export {
  type CertificateRequest,
  createRequest,
  MAX_REQUEST_BYTES,
  parseRequest,
  type RequestInput,
} from "./x509/request.ts";
export {
  type Finding,
  type FindingCode,
  type PathInput,
  type PathPolicy,
  validatePath,
} from "./x509/validate.ts";
export { BACKDATE_MS, type Validity, validityFor } from "./x509/validity.ts";
