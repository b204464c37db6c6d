import {
  createPrivateKey,
  generateKeyPair as generate,
  type KeyObject,
  type X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import { CaToolsError } from "../errors.ts";

interface AlgorithmDetails {
  /** Of signatures by such a key: at least the strength of the key (RFC 5480 §4 for P-384). */
  hash: "sha256" | "sha384";
  webCrypto:
    | { name: "ECDSA"; namedCurve: "P-256" | "P-384" }
    | { name: "RSASSA-PKCS1-v1_5"; modulusLength: number };
}

const rsa = (modulusLength: number): AlgorithmDetails => ({
  hash: "sha256",
  webCrypto: { name: "RSASSA-PKCS1-v1_5", modulusLength },
});

export type KeyAlgorithmName = "ec-p256" | "ec-p384" | "rsa-2048" | "rsa-3072" | "rsa-4096";

const ALGORITHMS: Readonly<Record<KeyAlgorithmName, AlgorithmDetails>> = {
  "ec-p256": { hash: "sha256", webCrypto: { name: "ECDSA", namedCurve: "P-256" } },
  "ec-p384": { hash: "sha384", webCrypto: { name: "ECDSA", namedCurve: "P-384" } },
  "rsa-2048": rsa(2048),
  "rsa-3072": rsa(3072),
  "rsa-4096": rsa(4096),
};

export const KEY_ALGORITHMS: readonly KeyAlgorithmName[] = Object.keys(
  ALGORITHMS,
) as KeyAlgorithmName[];
export const DEFAULT_KEY_ALGORITHM: KeyAlgorithmName = "ec-p256";

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** What the provider needs to know of an algorithm. */
export function algorithmDetails(algorithm: KeyAlgorithmName): AlgorithmDetails {
  return ALGORITHMS[algorithm];
}

/**
 * Makes a key pair on Node's thread pool: RSA takes seconds, and the event loop goes on meanwhile.
 *
 * @param algorithm - default `ec-p256`
 */
export async function generateKeyPair(
  algorithm: KeyAlgorithmName = DEFAULT_KEY_ALGORITHM,
): Promise<KeyPair> {
  const { webCrypto } = ALGORITHMS[algorithm];
  if (webCrypto.name === "ECDSA") {
    return await promisify(generate)("ec", { namedCurve: webCrypto.namedCurve });
  }
  return await promisify(generate)("rsa", { modulusLength: webCrypto.modulusLength });
}

const CURVES: Record<string, KeyAlgorithmName> = { prime256v1: "ec-p256", secp384r1: "ec-p384" };

/**
 * Names the algorithm of a key.
 *
 * @throws {CaToolsError} `invalid-key` for one that this toolkit does not sign with
 */
export function algorithmOf(key: KeyObject): KeyAlgorithmName {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const name =
    key.asymmetricKeyType === "ec" ? CURVES[namedCurve] : (`rsa-${modulusLength}` as const);
  if (name !== undefined && name in ALGORITHMS) return name as KeyAlgorithmName;
  const found = [key.asymmetricKeyType, namedCurve || modulusLength || ""].join(" ").trim();
  throw new CaToolsError(
    "invalid-key",
    `keys of the kind ${found} are not supported; use one of ${KEY_ALGORITHMS.join(", ")}`,
  );
}

/** Unencrypted PKCS#8 (RFC 5958) as PEM. A secret. */
export function exportPrivateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

/** PKCS#8, and the older forms (RFC 1421). */
const ENCRYPTED = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads an unencrypted private key: PKCS#8, PKCS#1 or SEC1 PEM.
 *
 * @param file - named in the error
 * @param remedy - ends the error's hint, which begins with "restore". @default "it from a copy"
 * @throws {CaToolsError} `invalid-key`
 */
export function parsePrivateKey(pem: string, file?: string, remedy?: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw invalidKey(file, cause, remedy, ENCRYPTED.test(pem));
  }
}

// OpenSSL's message speaks of decoders; the cause keeps it for those who want it.
function invalidKey(
  file: string | undefined,
  cause: unknown,
  remedy = "it from a copy",
  encrypted = false,
): CaToolsError {
  const problem = encrypted
    ? "is encrypted, which is not supported"
    : "is not a private key in PEM form";
  return new CaToolsError("invalid-key", `${file ?? "the key"} ${problem}`, {
    cause,
    ...(file === undefined ? {} : { file }),
    hint: encrypted ? "decrypt a copy of it with: openssl pkey" : `restore ${remedy}`,
  });
}

/** Whether the certificate was made for this private key. */
export function isKeyOf(key: KeyObject, certificate: { x509: X509Certificate }): boolean {
  return certificate.x509.checkPrivateKey(key);
}
