/** What the service answers of certificates and groups, without a service. */
import type { Certificate } from "@dps-certs/ca-tools";
import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";

export function uploadOf(
  name: string,
  { sha1, commonName }: Certificate,
  isVerified = true,
): CertificateResponse {
  return {
    name,
    etag: `etag of ${name}`,
    properties: { thumbprint: sha1, subject: commonName ?? null, isVerified, certificate: null },
  } as unknown as CertificateResponse;
}

const infoOf = ({ sha1, sha256, subject, issuer }: Certificate) => ({
  info: {
    sha1Thumbprint: sha1,
    sha256Thumbprint: sha256,
    subjectName: subject,
    issuerName: issuer,
    notBeforeUtc: "2026-01-01T00:00:00Z",
    notAfterUtc: "2027-01-01T00:00:00Z",
    serialNumber: "01",
    version: 3,
  },
});

export function groupOn(
  enrollmentGroupId: string,
  primary: Certificate,
  secondary?: Certificate,
): EnrollmentGroup {
  const signingCertificates = {
    primary: infoOf(primary),
    ...(secondary && { secondary: infoOf(secondary) }),
  };
  return { enrollmentGroupId, attestation: { type: "x509", x509: { signingCertificates } } };
}

export const groupReferringTo = (enrollmentGroupId: string, primary: string): EnrollmentGroup => ({
  enrollmentGroupId,
  attestation: { type: "x509", x509: { caReferences: { primary } } },
});
