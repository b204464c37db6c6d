/**
 * The crypto provider behind @peculiar/x509. It generates, imports and signs with node:crypto, off
 * the event loop and with the key decoded once; @peculiar/webcrypto, which does all of that
 * synchronously, answers the rest. That is seldom asked for, and takes long to load.
 */
import {
  createPrivateKey,
  type KeyObject,
  sign as nodeSign,
  randomFillSync,
  randomUUID,
} from "node:crypto";
import {
  algorithmDetails,
  algorithmOf,
  generateKeyPair,
  KEY_ALGORITHMS,
  type KeyAlgorithmName,
} from "./keys.ts";

let peculiar: Promise<SubtleCrypto> | undefined;

function library(): Promise<SubtleCrypto> {
  peculiar ??= import("@peculiar/webcrypto").then(({ Crypto }) => new Crypto().subtle);
  return peculiar;
}

/** What is passed on as it stands. */
const PASSED_ON = [
  "decrypt",
  "deriveBits",
  "deriveKey",
  "digest",
  "encrypt",
  "exportKey",
  "unwrapKey",
  "verify",
  "wrapKey",
] as const;

const passOn =
  (name: (typeof PASSED_ON)[number]) =>
  async (...args: never[]) => {
    const subtle = await library();
    return await (subtle[name] as (...given: never[]) => Promise<unknown>).apply(subtle, args);
  };

/** The decoded key behind each private CryptoKey that passed through here. */
const keyObjects = new WeakMap<CryptoKey, KeyObject>();

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

const webCryptoHash = (hash: "sha256" | "sha384") => (hash === "sha384" ? "SHA-384" : "SHA-256");

const parametersOf = (algorithm: KeyAlgorithmName) => {
  const { webCrypto, hash } = algorithmDetails(algorithm);
  return { ...webCrypto, hash: webCryptoHash(hash) };
};

async function importDer(
  format: "pkcs8" | "spki",
  key: KeyObject,
  usages: KeyUsage[],
): Promise<CryptoKey> {
  const der = toArrayBuffer(key.export({ type: format, format: "der" }));
  const parameters = parametersOf(algorithmOf(key));
  const imported = await (await library()).importKey(format, der, parameters, true, usages);
  if (key.type === "private") keyObjects.set(imported, key);
  return imported;
}

const subtle = {
  ...Object.fromEntries(PASSED_ON.map((name) => [name, passOn(name)])),

  async generateKey(
    algorithm: KeyGenParams,
    extractable: boolean,
    usages: KeyUsage[],
  ): Promise<unknown> {
    const name = algorithmFor(algorithm);
    if (name === undefined) {
      return await (await library()).generateKey(algorithm, extractable, usages);
    }
    const pair = await generateKeyPair(name);
    return {
      privateKey: await importDer("pkcs8", pair.privateKey, ["sign"]),
      publicKey: await importDer("spki", pair.publicKey, ["verify"]),
    };
  },

  async importKey(...args: Parameters<SubtleCrypto["importKey"]>): Promise<CryptoKey> {
    const imported = await (await library()).importKey(...args);
    const [format, data] = args;
    if (format === "pkcs8" && imported.usages.includes("sign")) {
      const bytes = ArrayBuffer.isView(data) ? data : new Uint8Array(data as ArrayBuffer);
      const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      keyObjects.set(imported, createPrivateKey({ key, format: "der", type: "pkcs8" }));
    }
    return imported;
  },

  async sign(
    algorithm: EcdsaParams,
    key: CryptoKey,
    data: ArrayBuffer | ArrayBufferView,
  ): Promise<ArrayBuffer> {
    const keyObject = keyObjects.get(key);
    if (keyObject === undefined) {
      return await (await library()).sign(algorithm, key, data as BufferSource);
    }
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const hash = key.algorithm.name === "ECDSA" ? algorithm.hash : hashOf(key);
    return toArrayBuffer(await signBytes(hashName(hash), bytes, keyObject));
  },
} as unknown as SubtleCrypto;

type KeyGenParams = EcKeyGenParams & {
  modulusLength?: number;
  publicExponent?: Uint8Array;
  hash?: string | { name: string };
};

/** Which of ours is asked for; undefined for what only the library makes. */
function algorithmFor(wanted: KeyGenParams): KeyAlgorithmName | undefined {
  return KEY_ALGORITHMS.find((name) => {
    const { webCrypto, hash } = algorithmDetails(name);
    if (webCrypto.name !== wanted.name) return false;
    if ("namedCurve" in webCrypto) return webCrypto.namedCurve === wanted.namedCurve;
    return (
      webCrypto.modulusLength === wanted.modulusLength &&
      Buffer.from(wanted.publicExponent ?? []).equals(F4) &&
      hashName(wanted.hash ?? "") === hash
    );
  });
}

/** 65537, the exponent that node:crypto uses. */
const F4 = Buffer.from([1, 0, 1]);

const hashOf = (key: CryptoKey) => (key.algorithm as unknown as { hash: { name: string } }).hash;

const hashName = (hash: string | { name: string }) =>
  (typeof hash === "string" ? hash : hash.name).replace("-", "").toLowerCase();

function signBytes(hash: string, data: Uint8Array, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // WebCrypto's ECDSA signature is r ‖ s (IEEE P1363); the library wraps it into DER itself.
    nodeSign(hash, data, { key, dsaEncoding: "ieee-p1363" }, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}

/** Drop-in for the library's `crypto` argument. */
export const provider: Crypto = {
  subtle,
  getRandomValues: randomFillSync,
  randomUUID,
} as unknown as Crypto;

/**
 * The library's handle on a private key of ours, and the parameters it signs with. The handle is
 * good for `sign` alone, which looks up the key behind it.
 */
export function signingKey(key: KeyObject): {
  key: CryptoKey;
  algorithm: { name: string; hash: string };
} {
  const { hash, ...details } = parametersOf(algorithmOf(key));
  const handle: CryptoKey = {
    type: "private",
    extractable: false,
    algorithm: { ...details, ...(details.name !== "ECDSA" && { hash: { name: hash } }) },
    usages: ["sign"],
  };
  keyObjects.set(handle, key);
  return { key: handle, algorithm: { name: details.name, hash } };
}
