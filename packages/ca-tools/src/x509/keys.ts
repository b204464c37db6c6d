import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generate,
  type KeyObject,
  type X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import { CaToolsError } from "../errors.ts";
import { elements, within } from "./der.ts";

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

/**
 * Makes key pairs side by side, as {@link generateKeyPair} does: RSA keys on as many cores as Node's
 * thread pool has threads for.
 *
 * @param count - how many
 */
export async function generateKeyPairs(
  algorithm: KeyAlgorithmName,
  count: number,
): Promise<KeyPair[]> {
  return await Promise.all(Array.from({ length: count }, () => generateKeyPair(algorithm)));
}

const CURVES: Record<string, KeyAlgorithmName> = { prime256v1: "ec-p256", secp384r1: "ec-p384" };

/** The service documents these for attestation; this toolkit leaves the last one out. */
const NIST_CURVES = ["prime256v1", "secp384r1", "secp521r1"];

/**
 * Names the algorithm of a key.
 *
 * @param file - where the key came from; named in the error
 * @throws {CaToolsError} `unsupported-key` for one that this toolkit does not sign with: Ed25519 and
 * Ed448, curves other than P-256 and P-384, and those written out as numbers (RFC 5480 §2.1.1), RSA
 * of other sizes, RSA-PSS, DSA
 */
export function algorithmOf(key: KeyObject, file?: string): KeyAlgorithmName {
  const { asymmetricKeyType: type = "secret" } = key;
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const curve = CURVES[namedCurve ?? ""];
  if (type === "ec" && curve !== undefined && hasNamedCurve(key)) return curve;
  const sized = `rsa-${modulusLength}`;
  if (type === "rsa" && sized in ALGORITHMS) return sized as KeyAlgorithmName;
  const numbers = curve === undefined ? "" : "with its curve written out as numbers";
  const found = [type, namedCurve ?? modulusLength ?? "", numbers].join(" ").trim();
  throw unsupportedKey(
    found,
    type.startsWith("rsa") || NIST_CURVES.includes(`${namedCurve}`),
    file,
  );
}

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;

/** Asked of an issuer's key for every certificate. */
const named = new WeakMap<KeyObject, boolean>();

/** Node tells the name of a curve that the key describes by numbers, too. */
function hasNamedCurve(key: KeyObject): boolean {
  const known = named.get(key);
  if (known !== undefined) return known;
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const [algorithm] = within(publicKey.export({ type: "spki", format: "der" }), SEQUENCE);
  const parameters = elements(algorithm?.content ?? new Uint8Array())[1];
  const isNamed = parameters?.tag === OBJECT_IDENTIFIER;
  named.set(key, isNamed);
  return isNamed;
}

function unsupportedKey(
  found: string,
  isDocumented: boolean,
  file: string | undefined,
): CaToolsError {
  const reason = isDocumented
    ? "this toolkit does not sign with them"
    : "for X.509 attestation, DPS documents RSA and the NIST curves only";
  const prefix = file === undefined ? "" : `${file}: `;
  return new CaToolsError(
    "unsupported-key",
    `${prefix}keys of the kind ${found} are not supported: ${reason}`,
    {
      ...(file === undefined ? {} : { file }),
      hint: `use one of ${KEY_ALGORITHMS.join(", ")}`,
    },
  );
}

/** Unencrypted PKCS#8 (RFC 5958) as PEM. A secret. */
export function exportPrivateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

/** PKCS#8, and the older forms (RFC 1421). */
const ENCRYPTED = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads an unencrypted private key: PKCS#8, PKCS#1 or SEC1 PEM. `readPrivateKey` reads encrypted
 * ones as well.
 *
 * @param file - named in the error
 * @param remedy - ends the error's hint, which begins with "restore". @default "it from a copy"
 * @throws {CaToolsError} `invalid-key`; `password-required` for an encrypted key
 */
export function parsePrivateKey(pem: string, file?: string, remedy?: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw ENCRYPTED.test(pem) ? passwordRequired(file) : invalidKey(file, cause, remedy);
  }
}

function passwordRequired(file: string | undefined): CaToolsError {
  return new CaToolsError(
    "password-required",
    `${file ?? "the key"} is encrypted, and no password was given`,
    {
      ...(file === undefined ? {} : { file }),
      hint: "read it with readPrivateKey and its password, or decrypt a copy with: openssl pkey",
    },
  );
}

// OpenSSL's message speaks of decoders; the cause keeps it for those who want it.
function invalidKey(
  file: string | undefined,
  cause: unknown,
  remedy = "it from a copy",
): CaToolsError {
  return new CaToolsError("invalid-key", `${file ?? "the key"} is not a private key in PEM form`, {
    cause,
    ...(file === undefined ? {} : { file }),
    hint: `restore ${remedy}`,
  });
}

/** Whether the certificate was made for this private key. */
export function isKeyOf(key: KeyObject, certificate: { x509: X509Certificate }): boolean {
  return certificate.x509.checkPrivateKey(key);
}
