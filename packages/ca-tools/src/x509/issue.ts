import { type KeyObject, randomBytes as nodeRandomBytes } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type Names, profileExtensions } from "./extensions.ts";
import { isKeyOf } from "./keys.ts";
import { X509CertificateGenerator } from "./library.ts";
import { commonNameSubject } from "./names.ts";
import { PROFILES, type ProfileName } from "./profiles.ts";
import { provider, signingKey } from "./provider.ts";

/** A CA that can sign: its certificate and the private key of it. */
export interface Issuer {
  certificate: Certificate;
  privateKey: KeyObject;
}

export interface IssueRequest {
  profile: ProfileName;
  /** The common name: at most 64 characters (X.520 `ub-common-name`), no control characters. */
  subject: { commonName: string };
  publicKey: KeyObject;
  /** `selfSigned` holds the private key of `publicKey`. */
  issuer: Issuer | { selfSigned: KeyObject };
  notBefore: Date;
  notAfter: Date;
  /** Hex. @default {@link randomSerialNumber} */
  serialNumber?: string;
  subjectAlternativeNames?: Names;
  /** Permitted names below a CA. */
  nameConstraints?: Names;
}

/** 16 random bytes whose first bits are 01: positive, and never shorter (RFC 5280 §4.1.2.2). */
export function randomSerialNumber(
  randomBytes: (size: number) => Buffer = nodeRandomBytes,
): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex").toUpperCase();
}

/**
 * Issues a certificate of the profile.
 *
 * @throws {CaToolsError} `invalid-name` for the subject, `key-mismatch` when the issuer's key is not its certificate's
 */
export async function issueCertificate(request: IssueRequest): Promise<Certificate> {
  const { publicKey, issuer } = request;
  const { commonName } = request.subject;
  checkCommonName(commonName);
  const parent = "certificate" in issuer ? issuer : undefined;
  if (parent !== undefined && !isKeyOf(parent.privateKey, parent.certificate)) {
    throw new CaToolsError(
      "key-mismatch",
      `the private key is not the one of ${parent.certificate.subject}`,
    );
  }
  const signer = await signingKey("certificate" in issuer ? issuer.privateKey : issuer.selfSigned);
  const subject = commonNameSubject(commonName);
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: request.serialNumber ?? randomSerialNumber(),
      subject,
      // As structure, so that the bytes equal the issuer's subject whatever its string types are.
      issuer: parent?.certificate.subjectName ?? subject,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      signingKey: signer.key,
      signingAlgorithm: signer.algorithm,
      extensions: profileExtensions(
        PROFILES[request.profile],
        publicKey,
        parent?.certificate,
        request,
      ),
    },
    provider,
  );
  return parseCertificate(new Uint8Array(made.rawData));
}

/** @throws {CaToolsError} `invalid-name` */
export function checkCommonName(commonName: string): void {
  const length = [...commonName].length;
  const problem =
    length === 0
      ? "is empty"
      : length > 64
        ? `has ${length} characters; a certificate holds 64`
        : /\p{Cc}/u.test(commonName)
          ? "has control characters"
          : /\p{Cs}/u.test(commonName)
            ? "is not well-formed Unicode"
            : undefined;
  if (problem === undefined) return;
  throw new CaToolsError(
    "invalid-name",
    `the common name ${JSON.stringify(commonName)} ${problem}`,
  );
}
