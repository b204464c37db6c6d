/** Certificates of a provisioning service, as Azure Resource Manager speaks of them. */
import * as v from "valibot";

const certificateProperties = {
  /** The bare common name since 2020, `CN=…` before. */
  subject: v.nullish(v.string()),
  /** notAfter of the certificate, RFC 1123. */
  expiry: v.nullish(v.string()),
  /** SHA-1 of the DER, upper-case hex. */
  thumbprint: v.nullish(v.string()),
  isVerified: v.nullish(v.boolean()),
  created: v.nullish(v.string()),
  updated: v.nullish(v.string()),
  /** Base64 of what was uploaded; null except in the answer to generateVerificationCode. */
  certificate: v.nullish(v.string()),
};

const resource = {
  id: v.nullish(v.string()),
  name: v.string(),
  type: v.nullish(v.string()),
  /** Changes on every write; wanted in If-Match by delete, generateVerificationCode and verify. */
  etag: v.string(),
};

export const CertificateResponse = v.looseObject({
  ...resource,
  properties: v.looseObject(certificateProperties),
});
export type CertificateResponse = v.InferOutput<typeof CertificateResponse>;

export const CertificateList = v.looseObject({ value: v.array(CertificateResponse) });
export type CertificateList = v.InferOutput<typeof CertificateList>;

export const VerificationCodeResponse = v.looseObject({
  ...resource,
  properties: v.looseObject({ verificationCode: v.string(), ...certificateProperties }),
});
export type VerificationCodeResponse = v.InferOutput<typeof VerificationCodeResponse>;

/** Body of PUT: base64 of PEM text or of DER. */
const upload = { certificate: v.string(), isVerified: v.nullish(v.boolean()) };

/** PUT since 2022-02-05. */
export const NestedCertificateUpload = v.looseObject({ properties: v.looseObject(upload) });
/** PUT up to 2021-10-15. */
export const FlatCertificateUpload = v.looseObject(upload);
/** Body of `verify`, flat in every version. */
export const VerificationRequest = v.looseObject({ certificate: v.string() });

export interface CertificateUpload {
  certificate: string;
  isVerified: boolean;
}
