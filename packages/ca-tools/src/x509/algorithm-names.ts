import type { X509Certificate } from "node:crypto";
import type { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { within } from "./der.ts";

const RSASSA_PSS = "1.2.840.113549.1.1.10";

/** As OpenSSL calls them. RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §9. */
const SIGNATURES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
  "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
  [RSASSA_PSS]: "rsassaPss",
  "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
  "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
  "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
  "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
  "1.3.14.3.2.29": "sha1WithRSA",
  "1.2.840.10040.4.3": "dsaWithSHA1",
  "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
  "1.2.840.10045.4.1": "ecdsa-with-SHA1",
  "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
  "1.3.101.112": "ED25519",
  "1.3.101.113": "ED448",
};

/**
 * Name of a signature algorithm; the object identifier of one that has none here. RSASSA-PSS names its
 * digest in its parameters: `rsassaPss-SHA256`.
 */
export function signatureAlgorithmName({ algorithm, parameters }: AlgorithmIdentifier): string {
  const name = SIGNATURES[algorithm] ?? algorithm;
  return algorithm === RSASSA_PSS ? `${name}${pssDigest(parameters)}` : name;
}

/** Whether forgers can make two certificates with one such signature: RFC 6151 §2, RFC 6194 §3. */
export const isWeakSignature = (name: string): boolean => /md[245]|sha-?1(?!\d)/i.test(name);

/** Content of the digests' object identifiers. */
const DIGESTS: Readonly<Record<string, string>> = {
  "2b0e03021a": "-SHA1",
  "608648016503040204": "-SHA224",
  "608648016503040201": "-SHA256",
  "608648016503040202": "-SHA384",
  "608648016503040203": "-SHA512",
};

/** RFC 4055 §3.1: SHA-1 where none is named. Empty for what cannot be read, which verifies nothing. */
function pssDigest(parameters: ArrayBuffer | null | undefined): string {
  try {
    const [first] = within(new Uint8Array(parameters ?? [0x30, 0]), 0x30);
    if (first?.tag !== 0xa0) return "-SHA1";
    const [oid] = within(first.content, 0x30);
    return DIGESTS[Buffer.from(oid?.content ?? []).toString("hex")] ?? "";
  } catch {
    return "";
  }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "p256",
  secp384r1: "p384",
  secp521r1: "p521",
};

const OBJECT_IDENTIFIER = 0x06;

/**
 * Kind and size of a certificate's key: `ec-p256`, `rsa-4096`, `rsa-pss-2048`, `ed25519`,
 * `ec-secp256k1`; `ec` where the curve is described and not named, whatever curve that is (RFC 5480
 * §2.1.1 forbids it); the object identifier for a key that OpenSSL does not know.
 *
 * @param algorithm - of the SubjectPublicKeyInfo
 */
export function keyAlgorithmName(
  x509: Pick<X509Certificate, "publicKey">,
  algorithm: AlgorithmIdentifier,
): string {
  try {
    const { asymmetricKeyType = "", asymmetricKeyDetails = {} } = x509.publicKey;
    const { namedCurve, modulusLength } = asymmetricKeyDetails;
    const isNamed = new Uint8Array(algorithm.parameters ?? [])[0] === OBJECT_IDENTIFIER;
    const curve = namedCurve && isNamed ? (CURVES[namedCurve] ?? namedCurve) : undefined;
    return [asymmetricKeyType, curve ?? modulusLength].filter(Boolean).join("-");
  } catch {
    return algorithm.algorithm;
  }
}
