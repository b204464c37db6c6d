import type { X509Certificate } from "node:crypto";
import {
  type AttestationMechanism,
  certificateNameProblem,
  symmetricKeyProblem,
  tpmKeyProblem,
} from "@dps-certs/dps-protocol";
import { certificateField, readOneCertificate } from "../certificates/certificate-field.ts";
import { DpsClientError } from "../errors.ts";

/** One certificate: PEM text, bytes of PEM or DER, or as Node reads it. */
export type CertificateInput = string | Uint8Array | X509Certificate;

/** A second certificate serves while the first is being replaced. */
export interface CertificatePair {
  primary: CertificateInput;
  secondary?: CertificateInput | undefined;
}

const isRead = (input: CertificateInput): input is X509Certificate =>
  typeof input !== "string" && !(input instanceof Uint8Array);

function slot(input: CertificateInput): { certificate: string } {
  return { certificate: certificateField(isRead(input) ? input : readOneCertificate(input)) };
}

/** Members that are undefined are left out: on the wire they would be nulls. */
function given<T extends object>(members: T): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}

function pair({ primary, secondary }: CertificatePair) {
  return given({
    primary: slot(primary),
    secondary: secondary === undefined ? undefined : slot(secondary),
  });
}

function refuse(member: string, problem: string | undefined): void {
  if (problem === undefined) return;
  throw new DpsClientError("invalid-argument", `${member}: ${problem}`);
}

/**
 * Attestation of a group: its devices have certificates below one of these CAs, roots or
 * intermediates. Of what else stands in the text, such as a private key, nothing is taken.
 *
 * @throws {DpsClientError} `invalid-certificate` for anything but one certificate
 */
export function x509SigningCertificates(certificates: CertificatePair): AttestationMechanism {
  return { type: "x509", x509: { signingCertificates: pair(certificates) } };
}

/**
 * Attestation of one device, by its own certificate.
 *
 * @throws {DpsClientError} `invalid-certificate` for anything but one certificate
 */
export function x509ClientCertificates(certificates: CertificatePair): AttestationMechanism {
  return { type: "x509", x509: { clientCertificates: pair(certificates) } };
}

/**
 * Attestation by CAs that are in the service already, under these names.
 *
 * @throws {DpsClientError} `invalid-argument` for what is no name of a certificate
 */
export function x509CaReferences(references: {
  primary: string;
  secondary?: string | undefined;
}): AttestationMechanism {
  const { primary, secondary } = references;
  refuse("primary", certificateNameProblem(primary));
  if (secondary !== undefined) refuse("secondary", certificateNameProblem(secondary));
  return { type: "x509", x509: { caReferences: given({ primary, secondary }) } };
}

/**
 * Attestation by symmetric keys, which are secrets. Of a group devices have keys derived from these:
 * see `deriveDeviceKey`.
 *
 * @param keys base64 of 16 to 64 bytes each. The service draws one that is left out.
 * @throws {DpsClientError} `invalid-argument`, which does not quote the key
 */
export function symmetricKeys(
  keys: { primaryKey?: string | undefined; secondaryKey?: string | undefined } = {},
): AttestationMechanism {
  const { primaryKey, secondaryKey } = keys;
  if (primaryKey !== undefined) refuse("primaryKey", symmetricKeyProblem(primaryKey));
  if (secondaryKey !== undefined) refuse("secondaryKey", symmetricKeyProblem(secondaryKey));
  const isDrawn = primaryKey === undefined && secondaryKey === undefined;
  return given({
    type: "symmetricKey",
    symmetricKey: isDrawn ? undefined : given({ primaryKey, secondaryKey }),
  });
}

/**
 * Attestation of one device by its TPM.
 *
 * @param keys base64 of the public parts
 * @throws {DpsClientError} `invalid-argument`
 */
export function tpm(keys: {
  endorsementKey: string;
  storageRootKey?: string | undefined;
}): AttestationMechanism {
  const { endorsementKey, storageRootKey } = keys;
  refuse("endorsementKey", tpmKeyProblem(endorsementKey));
  if (storageRootKey !== undefined) refuse("storageRootKey", tpmKeyProblem(storageRootKey));
  return { type: "tpm", tpm: given({ endorsementKey, storageRootKey }) };
}
