/** A good path of three, and the parts to make others of. */
import type { Certificate } from "../x509/certificate.ts";
import { parseCertificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "../x509/library.ts";
import { provider, signingKey } from "../x509/provider.ts";
import { issue, rootCa } from "./authority.ts";
import { CA_EXTENSIONS, type OpensslRequest, opensslIssue } from "./openssl-ca.ts";
import { scratch } from "./scratch.ts";

// What openssl makes is valid from the moment it is made.
export const AT = new Date(Date.now() + 60_000);
const inMinutes = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);
export const DATES = {
  notBefore: inMinutes(-60),
  notAfter: inMinutes(60),
};
// Far enough from now for programs that know no other time.
export const PAST = { notBefore: DATES.notBefore, notAfter: inMinutes(-30) };
export const FUTURE = { notBefore: inMinutes(30), notAfter: DATES.notAfter };

export const certificates = (...issuers: Issuer[]): Certificate[] =>
  issuers.map(({ certificate }) => certificate);

export const root: Issuer = await rootCa("Root", DATES);
export const intermediate: Issuer = await issue("Intermediate", root, DATES);
export const leaf: Issuer = await issue("dev-1", intermediate, { ...DATES, profile: "device" });

/** A CA with the extensions given in place of those of the same kind. */
export const caWith = (name: string, ...extensions: string[]): OpensslRequest => {
  const kinds = new Set(extensions.map((extension) => extension.split("=")[0]));
  const others = CA_EXTENSIONS.filter((extension) => !kinds.has(extension.split("=")[0]));
  return { subject: `/CN=${name}`, extensions: [...others, ...extensions] };
};
export const without = (extensions: readonly string[], kind: string) =>
  extensions.filter((extension) => !extension.startsWith(`${kind}=`));

/** Root, one more CA made by openssl, and a leaf of ours below it. */
export async function below(request: OpensslRequest): Promise<Certificate[]> {
  const ca = opensslIssue(scratch(), { issuer: root, ...request });
  return certificates(await issue("dev-1", ca, { ...DATES, profile: "device" }), ca, root);
}

/** A leaf made by openssl, below a good chain. */
export const leafWith = (extensions: readonly string[], subject = "/CN=dev-1") =>
  certificates(
    opensslIssue(scratch(), { subject, extensions, issuer: intermediate }),
    intermediate,
    root,
  );

/** A CA whose basicConstraints stand there twice: no first, then yes. */
export async function twoMinds(): Promise<Issuer> {
  const { privateKey, certificate } = await issue("Two Minds", root, DATES);
  const signer = await signingKey(root.privateKey);
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: "01",
      subject: certificate.subjectName,
      issuer: root.certificate.subjectName,
      ...DATES,
      publicKey: new Uint8Array(certificate.x509.publicKey.export({ type: "spki", format: "der" })),
      signingKey: signer.key,
      signingAlgorithm: signer.algorithm,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ],
    },
    provider,
  );
  return { privateKey, certificate: parseCertificate(new Uint8Array(made.rawData)) };
}
