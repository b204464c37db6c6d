/** How devices show who they are, as the service data plane speaks of it (2021-10-01). */
import * as v from "valibot";
import { openNames } from "./schema.ts";

/** Fewest and most bytes of a symmetric key, which is written as base64. */
export const SYMMETRIC_KEY_BYTES = { min: 16, max: 64 } as const;

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

export const ATTESTATION_TYPES = ["none", "tpm", "x509", "symmetricKey"] as const;

const mechanism = <T extends v.GenericSchema<string>>(type: T) =>
  v.looseObject({
    type,
    tpm: v.nullish(TpmAttestation),
    x509: v.nullish(X509Attestation),
    symmetricKey: v.nullish(SymmetricKeyAttestation),
  });

export const AttestationMechanism = mechanism(openNames(ATTESTATION_TYPES));
export type AttestationMechanism = v.InferOutput<typeof AttestationMechanism>;

/** As a service takes it: of the types that this version knows. */
export const AttestationBody = mechanism(v.picklist(ATTESTATION_TYPES));
export type AttestationBody = v.InferOutput<typeof AttestationBody>;
