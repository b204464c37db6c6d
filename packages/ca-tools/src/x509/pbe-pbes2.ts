import { pbkdf2, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { type CipherKey, encrypt } from "./pbe-cipher.ts";
import type { PasswordBytes } from "./pbe-password.ts";
import {
  HMAC_WITH_SHA1,
  Pbes2Parameters,
  Pbkdf2Parameters,
  ScryptParameters,
} from "./pbe-schema.ts";

export const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const SCRYPT = "1.3.6.1.4.1.11591.4.11";
const HMAC_WITH_SHA256 = "1.2.840.113549.2.9";
const AES_256_CBC = "2.16.840.1.101.3.4.1.42";

const HASHES: Readonly<Record<string, string>> = {
  [HMAC_WITH_SHA1]: "sha1",
  "1.2.840.113549.2.8": "sha224",
  [HMAC_WITH_SHA256]: "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

interface CipherForm {
  name: string;
  keyBytes: number;
  ivBytes: number;
}

const CIPHERS: Readonly<Record<string, CipherForm>> = {
  "1.2.840.113549.3.7": { name: "des-ede3-cbc", keyBytes: 24, ivBytes: 8 },
  "2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyBytes: 16, ivBytes: 16 },
  "2.16.840.1.101.3.4.1.22": { name: "aes-192-cbc", keyBytes: 24, ivBytes: 16 },
  [AES_256_CBC]: { name: "aes-256-cbc", keyBytes: 32, ivBytes: 16 },
};

/** Bounds on what a file may ask for, some seconds of work: it is somebody else's number. */
const MAX_PBKDF2_ROUNDS = 10_000_000;
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;
const MAX_SCRYPT_PARALLELIZATION = 16;

/** Makes the error for what is not read; the problem ends a sentence about the file. */
export type Refuse = (problem: string) => Error;
export type KeyDerivation = (password: PasswordBytes) => Promise<CipherKey>;
type Derive = (password: Buffer, size: number) => Promise<Buffer>;

/**
 * How PBES2 (RFC 8018 §6.2) derives the key that its parameters ask for, on Node's thread pool. The
 * parameters are checked before anything is derived.
 */
export function pbes2KeyDerivation(parameters: ArrayBuffer, refuse: Refuse): KeyDerivation {
  const { keyDerivation, encryption } = AsnConvert.parse(parameters, Pbes2Parameters);
  const form = CIPHERS[encryption.algorithm];
  if (form === undefined) throw refuse(unread(encryption.algorithm));
  const iv = octets(AsnConvert.parse(required(encryption), OctetString));
  if (iv.length !== form.ivBytes) throw refuse("has a damaged initialization vector");
  const derive = derivation(keyDerivation, form.keyBytes, refuse);
  return async ({ utf8 }) => ({ cipher: form.name, key: await derive(utf8, form.keyBytes), iv });
}

function derivation(algorithm: AlgorithmIdentifier, keyBytes: number, refuse: Refuse): Derive {
  const checkKeyLength = (keyLength: number | undefined) => {
    if (keyLength === undefined || keyLength === keyBytes) return;
    throw refuse("has a key length that is not its cipher's");
  };
  if (algorithm.algorithm === PBKDF2) {
    const parameters = AsnConvert.parse(required(algorithm), Pbkdf2Parameters);
    checkKeyLength(parameters.keyLength);
    return pbkdf2Derivation(parameters, refuse);
  }
  if (algorithm.algorithm === SCRYPT) {
    const parameters = AsnConvert.parse(required(algorithm), ScryptParameters);
    checkKeyLength(parameters.keyLength);
    return scryptDerivation(parameters, refuse);
  }
  throw refuse(unread(algorithm.algorithm));
}

function pbkdf2Derivation(parameters: Pbkdf2Parameters, refuse: Refuse): Derive {
  const { algorithm } = parameters.pseudoRandom;
  const hash = HASHES[algorithm];
  if (hash === undefined) throw refuse(unread(algorithm));
  const rounds = boundedRounds(parameters.rounds, MAX_PBKDF2_ROUNDS, refuse);
  const salt = octets(parameters.salt);
  return (password, size) => promisify(pbkdf2)(password, salt, rounds, size, hash);
}

function scryptDerivation(parameters: ScryptParameters, refuse: Refuse): Derive {
  const { cost, blockSize, parallelization } = parameters;
  // RFC 7914 §2; beyond it OpenSSL's refusal would look like a wrong password.
  const isLawful = cost > 1 && Number.isInteger(Math.log2(cost)) && blockSize >= 1;
  const memory = 128 * cost * blockSize;
  const isModest = memory <= MAX_SCRYPT_BYTES && parallelization <= MAX_SCRYPT_PARALLELIZATION;
  if (!isLawful || parallelization < 1 || !isModest) {
    throw refuse(`asks scrypt for more than ${MAX_SCRYPT_BYTES / 2 ** 20} MiB, or for no work`);
  }
  const salt = octets(parameters.salt);
  const options = { cost, blockSize, parallelization, maxmem: 2 * MAX_SCRYPT_BYTES };
  return (password, size) =>
    new Promise((resolve, reject) => {
      scrypt(password, salt, size, options, (error, key) => (error ? reject(error) : resolve(key)));
    });
}

/** Reads a number of rounds; one that would take minutes is refused. */
export function boundedRounds(rounds: number, most: number, refuse: Refuse): number {
  if (rounds >= 1 && rounds <= most) return rounds;
  const bounds = `1 to ${most.toLocaleString("en-US")} are read`;
  throw refuse(`asks for ${rounds.toLocaleString("en-US")} rounds of key derivation; ${bounds}`);
}

/** Ends a sentence about a file. */
export const unread = (oid: string): string => `is encrypted by a method that is not read (${oid})`;

export const octets = (value: OctetString): Buffer => Buffer.from(value.buffer);

/** @throws when they are missing, which ends as damage does */
export function required({ parameters }: AlgorithmIdentifier): ArrayBuffer {
  if (parameters) return parameters;
  throw new Error("an algorithm has no parameters");
}

/** Encrypts by PBES2: AES-256-CBC, PBKDF2 with HMAC-SHA-256, 16 bytes of salt. */
export async function pbes2Encrypt(
  plain: Uint8Array,
  password: PasswordBytes,
  { rounds, randomBytes }: { rounds: number; randomBytes: (size: number) => Uint8Array },
): Promise<{ algorithm: AlgorithmIdentifier; encrypted: Buffer }> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const derived = new Pbkdf2Parameters();
  derived.salt = new OctetString(salt);
  derived.rounds = rounds;
  derived.pseudoRandom = new AlgorithmIdentifier({ algorithm: HMAC_WITH_SHA256, parameters: null });
  const parameters = new Pbes2Parameters();
  parameters.keyDerivation = withParameters(PBKDF2, derived);
  parameters.encryption = withParameters(AES_256_CBC, new OctetString(iv));
  const key = await promisify(pbkdf2)(password.utf8, salt, rounds, 32, "sha256");
  try {
    return {
      algorithm: withParameters(PBES2, parameters),
      encrypted: encrypt({ cipher: "aes-256-cbc", key, iv }, plain),
    };
  } finally {
    key.fill(0);
  }
}

/** An algorithm with its parameters as DER. */
export function withParameters(algorithm: string, parameters: object): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm, parameters: AsnConvert.serialize(parameters) });
}
