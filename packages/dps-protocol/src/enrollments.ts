/** Enrollment groups and their attestation, as the service data plane speaks of them (2021-10-01). */
import * as v from "valibot";

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

export const AttestationMechanism = v.looseObject({
  type: v.picklist(["none", "tpm", "x509", "symmetricKey"]),
  x509: v.nullish(
    v.looseObject({
      /** Intermediate or root certificates that sign the devices of a group. */
      signingCertificates: v.nullish(X509Certificates),
      /** Leaf certificates of an individual enrollment. */
      clientCertificates: v.nullish(X509Certificates),
      /** Names of certificates in the service. */
      caReferences: v.nullish(
        v.looseObject({ primary: v.nullish(v.string()), secondary: v.nullish(v.string()) }),
      ),
    }),
  ),
});
export type AttestationMechanism = v.InferOutput<typeof AttestationMechanism>;

export const EnrollmentGroup = v.looseObject({
  enrollmentGroupId: v.string(),
  attestation: AttestationMechanism,
  provisioningStatus: v.nullish(v.picklist(["enabled", "disabled"])),
  etag: v.nullish(v.string()),
  createdDateTimeUtc: v.nullish(v.string()),
  lastUpdatedDateTimeUtc: v.nullish(v.string()),
  allocationPolicy: v.nullish(v.string()),
  iotHubs: v.nullish(v.array(v.string())),
});
export type EnrollmentGroup = v.InferOutput<typeof EnrollmentGroup>;

export const EnrollmentGroupList = v.array(EnrollmentGroup);

export const QuerySpecification = v.looseObject({ query: v.string() });
