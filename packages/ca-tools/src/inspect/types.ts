/** What `inspect` says: plain objects, ready for JSON. */
import type { GeneralName } from "../x509/general-names.ts";
import type { CrlReason } from "../x509/reasons.ts";

/** Why something could not be read, or not as far as it might have been. */
export interface InspectProblem {
  /** A code of CaToolsError; `unrecognised` for what is nothing of ours, `too-large` above the bound. */
  code: string;
  message: string;
  hint?: string;
}

interface Place {
  file?: string;
  /** Line of the file where its PEM begins, from 1. */
  line?: number;
}

/**
 * What a certificate is for, as far as it says. A proof-of-possession certificate is a device's in
 * every respect, and an Edge CA an intermediate.
 */
export type CertificateRole =
  | "root"
  | "intermediate"
  | "device"
  | "server"
  | "self-signed"
  | "leaf";

/** Hex is upper case without separators, dates are ISO 8601. */
export interface InspectedCertificate extends Place {
  kind: "certificate";
  role: CertificateRole;
  subject: string;
  issuer: string;
  /** Where the subject has exactly one. */
  commonName?: string;
  serialNumber: string;
  notBefore: string;
  notAfter: string;
  sha256: string;
  sha1: string;
  version: number;
  keyAlgorithm: string;
  signatureAlgorithm: string;
  ca: boolean;
  pathLength?: number;
  keyUsage?: string[];
  /** Names where they are known, else object identifiers. */
  extendedKeyUsage?: string[];
  subjectAlternativeNames: GeneralName[];
  subjectKeyIdentifier?: string;
  authorityKeyIdentifier?: string;
  /** The signature was checked with its own key. */
  selfSigned: boolean;
  /** SHA-256 of its SubjectPublicKeyInfo; keys and requests of the same key have the same. */
  publicKeySha256?: string;
  /** SHA-256 of the certificate among those given that signed it; the signature was checked. */
  issuedBy?: string;
}

export interface InspectedRequest extends Place {
  kind: "request";
  subject?: string;
  commonName?: string;
  keyAlgorithm?: string;
  signatureAlgorithm?: string;
  /** Whether it was signed with the private key of its public key. */
  signatureValid: boolean;
  subjectAlternativeNames?: GeneralName[];
  /** Extensions asked for. */
  extensions?: { oid: string; critical: boolean }[];
  publicKeySha256?: string;
  error?: InspectProblem;
}

/** Says of a private key whose it is, never what it is. */
export interface InspectedPrivateKey extends Place {
  kind: "private-key";
  encrypted: boolean;
  /** Absent where it could not be opened. */
  keyAlgorithm?: string;
  publicKeySha256?: string;
  /** SHA-256 of the certificates among those given that it belongs to; absent where it could not be opened. */
  belongsTo?: string[];
  error?: InspectProblem;
}

export interface InspectedPublicKey extends Place {
  kind: "public-key";
  keyAlgorithm: string;
  publicKeySha256: string;
  belongsTo?: string[];
}

export interface InspectedCrl extends Place {
  kind: "crl";
  issuer: string;
  /** Decimal; absent in version 1. */
  number?: string;
  thisUpdate: string;
  nextUpdate?: string;
  signatureAlgorithm: string;
  authorityKeyIdentifier?: string;
  /** SHA-256 of the CA among the certificates given whose CRL it is; the signature was checked. */
  issuedBy?: string;
  /** How many certificates are on it. */
  count: number;
  /** The first of them. */
  entries: { serialNumber: string; at: string; reason?: CrlReason }[];
}

export interface InspectedPfx extends Place {
  kind: "pfx";
  /** Whether a password opened it. */
  opened: boolean;
  contents: (InspectedCertificate | InspectedPrivateKey)[];
  error?: InspectProblem;
}

/** What is nothing of ours, or is damaged. */
export interface InspectedUnknown extends Place {
  kind: "unknown";
  /** Of its PEM: what it says it is. */
  label?: string;
  error: InspectProblem;
}

export type Inspected =
  | InspectedCertificate
  | InspectedRequest
  | InspectedPrivateKey
  | InspectedPublicKey
  | InspectedCrl
  | InspectedPfx
  | InspectedUnknown;
