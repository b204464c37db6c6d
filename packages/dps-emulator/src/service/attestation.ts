import type { Certificate } from "@dps-certs/ca-tools";
import type {
  AttestationMechanism,
  EnrollmentGroup,
  X509CertificateInfo,
  X509Certificates,
  X509CertificateWithInfo,
} from "@dps-certs/dps-protocol";
import { readCertificateField, storedCertificate, toStored } from "../certificate-field.ts";
import { Refusal } from "../problems.ts";
import { wholeSeconds } from "../time.ts";

/** The certificates that sign a group's devices, each as base64 of its DER. */
export interface SigningCertificates {
  primary: string;
  secondary?: string;
}

/**
 * Reads the attestation of a group. A certificate that comes back as the service answered it, with
 * `info` and without `certificate`, is the one that the group has.
 *
 * @param present - what the group has so far
 * @throws {Refusal} `bad-request`, also for the kinds of attestation that the emulator does not have
 */
export function readAttestation(
  { attestation }: EnrollmentGroup,
  present: SigningCertificates | undefined,
): SigningCertificates {
  refuseOtherKinds(attestation);
  const { primary, secondary } = attestation.x509?.signingCertificates ?? ({} as X509Certificates);
  const known = [present?.primary, present?.secondary].filter((der) => der !== undefined);
  const first = readSlot("primary", primary, known);
  if (first === undefined) {
    throw new Refusal("bad-request", "attestation.x509.signingCertificates.primary is required.");
  }
  const second = readSlot("secondary", secondary, known);
  return { primary: first, ...(second === undefined ? {} : { secondary: second }) };
}

function refuseOtherKinds({ type, x509 }: AttestationMechanism): void {
  if (type !== "x509") {
    throw new Refusal(
      "bad-request",
      `The emulator has enrollment groups with X.509 attestation only; "${type}" is not supported.`,
    );
  }
  if (x509?.caReferences || x509?.clientCertificates) {
    throw new Refusal(
      "bad-request",
      "The emulator has enrollment groups with x509.signingCertificates only; " +
        "caReferences and clientCertificates are not supported.",
    );
  }
}

function readSlot(
  slot: "primary" | "secondary",
  sent: X509CertificateWithInfo | null | undefined,
  known: readonly string[],
): string | undefined {
  if (!sent) return undefined;
  if (typeof sent.certificate === "string" && sent.certificate !== "") {
    const certificate = readCertificateField(sent.certificate);
    if (certificate !== undefined) return toStored(certificate);
    throw new Refusal(
      "bad-request",
      `attestation.x509.signingCertificates.${slot}.certificate is not a certificate in PEM text, ` +
        "base64 of PEM, or base64 of DER.",
    );
  }
  const thumbprint = sent.info?.sha256Thumbprint.toUpperCase();
  const kept = known.find((der) => storedCertificate(der).sha256 === thumbprint);
  if (kept !== undefined) return kept;
  throw new Refusal(
    "bad-request",
    `attestation.x509.signingCertificates.${slot} has no certificate, and its info is not of one ` +
      "that the group has.",
  );
}

/** The attestation as the service answers it: `info` alone, never the certificate. */
export function answerAttestation({
  primary,
  secondary,
}: SigningCertificates): AttestationMechanism {
  return {
    type: "x509",
    x509: {
      signingCertificates: {
        primary: { info: infoOf(storedCertificate(primary)) },
        ...(secondary ? { secondary: { info: infoOf(storedCertificate(secondary)) } } : {}),
      },
    },
  };
}

function infoOf(certificate: Certificate): X509CertificateInfo {
  return {
    subjectName: certificate.subject,
    sha1Thumbprint: certificate.sha1,
    sha256Thumbprint: certificate.sha256,
    issuerName: certificate.issuer,
    notBeforeUtc: wholeSeconds(certificate.notBefore),
    notAfterUtc: wholeSeconds(certificate.notAfter),
    serialNumber: certificate.serialNumber,
    version: certificate.version,
  };
}
