import { indexRow } from "../folder/index-file.ts";
import { changePki } from "../folder/pki.ts";
import type { Certificate } from "../x509/certificate.ts";
import { type Issuer, issueCertificate } from "../x509/issue.ts";
import { generateKeyPair } from "../x509/keys.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { supersededRows } from "./unique-subjects.ts";

/**
 * Signs the certificate that proves possession of a CA's private key: its common name is the code
 * that the service asked for. Its own key is used for nothing and thrown away; the certificate is
 * kept in `newcerts/` and `index.txt` like every other that the CA signed.
 *
 * @param ca - the CA that was uploaded; one below it would not do
 * @param code - at most 64 characters
 * @throws {CaToolsError} `invalid-name` for a code that is no common name; `outside-validity` when the
 * CA is not valid now
 */
export async function createVerificationCertificate(
  folder: string,
  { ca, code, now }: { ca: Issuer; code: string; now: Date },
): Promise<Certificate> {
  const { publicKey } = await generateKeyPair();
  const { cutFrom: _, ...dates } = validityFor(now, PROFILES.verification.days, ca.certificate);
  const certificate = await issueCertificate({
    profile: "verification",
    subject: { commonName: code },
    publicKey,
    issuer: ca,
    ...dates,
  });
  await changePki(folder, async () => ({
    files: [{ path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem }],
    rows: [indexRow(certificate)],
    revocations: await supersededRows(folder, [certificate], { now, force: true }),
  }));
  return certificate;
}
