import type { FindingCode } from "@dps-certs/ca-tools";

/**
 * - `refused`: the service does not take it, or the device cannot even send it.
 * - `warning`: the service takes it; it may fail later, on small devices, or for other clients.
 * - `note`: what the verdict rests on.
 */
export type Severity = "refused" | "warning" | "note";

/** What is found where the service was asked about a group. */
export type ServiceCode =
  | "assumed-issuer"
  | "group-disabled"
  | "group-not-found"
  | "group-not-x509"
  | "individual-decides"
  | "individual-differs"
  | "individual-disabled"
  | "not-in-group"
  | "other-group"
  | "shared-ca"
  | "unverified-ca";

export type CheckCode =
  | FindingCode
  | ServiceCode
  | "assumed-ca"
  | "checked-as-ca"
  | "duplicate-certificate"
  | "expires-soon"
  | "incomplete-chain"
  | "individual-enrollment"
  | "invalid-registration-id"
  | "key-mismatch"
  | "key-not-checked"
  | "large-chain"
  | "leaf-is-ca"
  | "leaf-not-first"
  | "long-chain"
  | "missing-key-identifier"
  | "no-basic-constraints"
  | "no-common-name"
  | "no-extended-key-usage"
  | "no-group"
  | "registration-id-mismatch"
  | "root-included"
  | "self-signed-leaf"
  | "several-common-names"
  | "undocumented-key"
  | "unknown-ca"
  | "unreadable"
  | "unused-certificate"
  | "upper-case-id"
  | "weak-key"
  | "wrong-order";

const ISSUE_AGAIN = "have it issued again";

/** What each finding means for the service, and the way to mend it. */
export const CHECKS: Readonly<Record<CheckCode, { severity: Severity; mend: string }>> = {
  // Of the path validator.
  "not-issued": {
    severity: "refused",
    mend: "send the certificate of the CA that really signed it; two CAs may have the same name",
  },
  "not-yet-valid": {
    severity: "refused",
    mend: "wait until then, or mend the clock of this machine or of the one that issued it",
  },
  expired: {
    severity: "refused",
    mend: "renew it; a device of the PKI folder with: dps-certs device renew <id>",
  },
  "not-a-ca": {
    severity: "refused",
    mend: "issue from a certificate with basicConstraints CA:TRUE",
  },
  "no-key-cert-sign": {
    severity: "refused",
    mend: "issue the CA's certificate again with keyUsage keyCertSign",
  },
  "path-too-long": {
    severity: "refused",
    mend: "issue from the CA above, or issue that CA again with a larger pathLen or none",
  },
  "unknown-critical-extension": {
    severity: "refused",
    mend: `${ISSUE_AGAIN} without this extension, or with it not critical`,
  },
  "name-not-permitted": {
    severity: "refused",
    mend: "choose a name within the CA's name constraints, or another CA",
  },
  "wrong-purpose": {
    severity: "refused",
    mend: `${ISSUE_AGAIN} with extended key usage clientAuth`,
  },
  "not-conforming": { severity: "refused", mend: `${ISSUE_AGAIN} in the form of RFC 5280 §4` },
  // Of the chain.
  "incomplete-chain": {
    severity: "refused",
    mend: "send the leaf and every intermediate up to a CA that is verified in the service: <id>-full-chain.cert.pem; or name that CA with --ca",
  },
  "unknown-ca": {
    severity: "refused",
    mend: "upload and verify this CA, or name with --ca what the service holds",
  },
  "self-signed-leaf": {
    severity: "refused",
    mend: "have a CA issue it; or make an individual enrollment of this certificate, and check it with --individual",
  },
  "leaf-not-first": {
    severity: "refused",
    mend: "put the device's own certificate first in the file; TLS clients send it as theirs",
  },
  "wrong-order": {
    severity: "warning",
    mend: "put each certificate in front of the one that issued it (RFC 5246 §7.4.2)",
  },
  "duplicate-certificate": { severity: "warning", mend: "take one of the two out of the file" },
  "unused-certificate": {
    severity: "warning",
    mend: "take it out of the file: it leads to no CA that the service holds",
  },
  "root-included": {
    severity: "note",
    mend: "it may be left out: the service knows it, and the handshake gets smaller",
  },
  "long-chain": {
    severity: "warning",
    mend: "issue from a CA nearer to the root: each step makes the handshake larger and slower",
  },
  "large-chain": {
    severity: "warning",
    mend: "use EC keys and fewer intermediates; small devices have TLS buffers of 4 KiB",
  },
  "no-group": {
    severity: "warning",
    mend: "make an enrollment group for one of these CAs, or issue from the CA of a group",
  },
  // Of the group, as the service has it.
  "group-not-found": {
    severity: "refused",
    mend: "see which there are: dps-certs group list; make it with: dps-certs group create <id>",
  },
  "group-disabled": {
    severity: "refused",
    mend: "let its devices in with: dps-certs group update <id> --enabled",
  },
  "group-not-x509": {
    severity: "refused",
    mend: "let the device use a key that is derived from the group's, or choose a group of a CA",
  },
  "not-in-group": {
    severity: "refused",
    mend: "issue from the group's CA, or have it trust this one: dps-certs group update <id> --secondary-ca FILE",
  },
  "other-group": {
    severity: "refused",
    mend: "issue from the CA of this group; the nearest group above a device decides, and no other is asked",
  },
  "unverified-ca": {
    severity: "refused",
    mend: "prove possession of its key: dps-certs certificate verify <name>",
  },
  "shared-ca": {
    severity: "warning",
    mend: "give each group a CA of its own: which of them takes a device is not told",
  },
  "individual-decides": {
    severity: "warning",
    mend: "look at it: dps-certs enrollment show <id>; deleted, the group decides",
  },
  "individual-differs": {
    severity: "refused",
    mend: "look at it: dps-certs enrollment show <id>; change it, or delete it, and the group decides",
  },
  "individual-disabled": {
    severity: "refused",
    mend: "let the device in again with: dps-certs enrollment update <id> --enabled",
  },
  // Of names.
  "no-common-name": {
    severity: "refused",
    mend: `${ISSUE_AGAIN} with the registration id as common name`,
  },
  "several-common-names": { severity: "refused", mend: `${ISSUE_AGAIN} with one common name` },
  "invalid-registration-id": {
    severity: "refused",
    mend: "choose an id of letters, digits and - . _ : that ends with a letter, a digit or -",
  },
  "registration-id-mismatch": {
    severity: "refused",
    mend: "register with the common name as registration id, or have a certificate issued for this id",
  },
  "upper-case-id": {
    severity: "warning",
    mend: "choose lower case: the service ignores the case, device software does not always",
  },
  // Of keys and signatures.
  "key-mismatch": {
    severity: "refused",
    mend: "use the private key that the certificate was made for, or make both again",
  },
  "key-not-checked": {
    severity: "warning",
    mend: "give its password with --password-file or --password-env",
  },
  "undocumented-key": {
    severity: "warning",
    mend: "use EC P-256 or P-384, or RSA of 2048 bits and more",
  },
  "weak-key": { severity: "refused", mend: "make a key with at least 2048 bits, or EC P-256" },
  "weak-signature": {
    severity: "refused",
    mend: `${ISSUE_AGAIN} with a signature by SHA-256 or better`,
  },
  // Of one certificate.
  "expires-soon": {
    severity: "warning",
    mend: "renew it before then; a device of the PKI folder with: dps-certs device renew <id>",
  },
  "leaf-is-ca": {
    severity: "warning",
    mend: `${ISSUE_AGAIN} with CA:FALSE: as it is, its holder can issue certificates for other devices`,
  },
  "no-extended-key-usage": {
    severity: "warning",
    mend: `${ISSUE_AGAIN} with extended key usage clientAuth`,
  },
  "no-basic-constraints": {
    severity: "warning",
    mend: "issue it again with basicConstraints CA:TRUE: it counts as a CA only where it was uploaded",
  },
  "missing-key-identifier": {
    severity: "warning",
    mend: `${ISSUE_AGAIN} with subject and authority key identifier: RFC 5280 wants them, other programs refuse it`,
  },
  // Of the input.
  unreadable: { severity: "refused", mend: "restore it from a copy" },
  // What the verdict rests on.
  "assumed-ca": { severity: "note", mend: "name with --ca what the service really holds" },
  "assumed-issuer": {
    severity: "note",
    mend: "name the file of its certificate with --ca to have the signature checked",
  },
  "checked-as-ca": {
    severity: "note",
    mend: "to have it checked as a device's, name the device with --registration-id",
  },
  "individual-enrollment": {
    severity: "note",
    mend: "make the individual enrollment with this very certificate",
  },
};
