import { hash as digest } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import type { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { encrypt } from "./pbe-cipher.ts";
import type { PasswordBytes } from "./pbe-password.ts";
import {
  boundedRounds,
  type KeyDerivation,
  octets,
  type Refuse,
  withParameters,
} from "./pbe-pbes2.ts";
import { Pkcs12PbeParameters } from "./pbe-schema.ts";

/** What derived bytes are for: the ID of RFC 7292 appendix B.3. */
export const PURPOSES = { key: 1, iv: 2, mac: 3 } as const;

/** Upper bound on rounds from a file: a second of JavaScript, in slices. */
export const MAX_PKCS12_ROUNDS = 600_000;

/** Rounds without a pause: a few milliseconds. */
const SLICE = 2000;

export interface Pkcs12Derivation {
  hash: "sha1" | "sha224" | "sha256" | "sha384" | "sha512";
  purpose: keyof typeof PURPOSES;
  /** The form `bmp` of {@link PasswordBytes}. */
  password: Uint8Array;
  salt: Uint8Array;
  rounds: number;
  /** In bytes. */
  size: number;
}

/**
 * Derives bytes from a password as RFC 7292 appendix B.2 says. Node has no function for it, so it
 * runs on the event loop, and lets go of it every 2,000 rounds.
 */
export async function derivePkcs12(input: Pkcs12Derivation): Promise<Buffer> {
  const { hash, size } = input;
  const block = hash === "sha384" || hash === "sha512" ? 128 : 64;
  const diversifier = Buffer.alloc(block, PURPOSES[input.purpose]);
  const state = Buffer.concat([filled(input.salt, block), filled(input.password, block)]);
  const parts: Buffer[] = [];
  for (let length = 0; length < size; ) {
    const part = await repeated(hash, Buffer.concat([diversifier, state]), input.rounds);
    parts.push(part);
    length += part.length;
    if (length < size) addToBlocks(state, Buffer.alloc(block, part));
  }
  const derived = Buffer.from(Buffer.concat(parts).subarray(0, size));
  for (const secret of [state, ...parts]) secret.fill(0);
  return derived;
}

/** Copies up to a multiple of the block (steps 2 and 3); nothing stays nothing. */
function filled(bytes: Uint8Array, block: number): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

async function repeated(hash: string, data: Buffer, rounds: number): Promise<Buffer> {
  let result = digest(hash, data, "buffer");
  for (let round = 1; round < rounds; round++) {
    if (round % SLICE === 0) await setImmediate();
    result = digest(hash, result, "buffer");
  }
  return result;
}

/** Adds the addend and one to every block of the state, modulo its size (step 6 C). */
function addToBlocks(state: Buffer, addend: Buffer): void {
  for (let start = 0; start < state.length; start += addend.length) {
    let carry = 1;
    for (let at = addend.length - 1; at >= 0; at--) {
      carry += (state[start + at] ?? 0) + (addend[at] ?? 0);
      state[start + at] = carry & 0xff;
      carry >>= 8;
    }
  }
}

const SHA1_3DES = "1.2.840.113549.1.12.1.3";

/** RFC 7292 appendix C, without RC4: nothing writes it. All of them use SHA-1. */
const SCHEMES: Readonly<Record<string, { cipher: string | { rc2Bits: number }; bytes: number }>> = {
  [SHA1_3DES]: { cipher: "des-ede3-cbc", bytes: 24 },
  "1.2.840.113549.1.12.1.4": { cipher: "des-ede-cbc", bytes: 16 },
  "1.2.840.113549.1.12.1.5": { cipher: { rc2Bits: 128 }, bytes: 16 },
  "1.2.840.113549.1.12.1.6": { cipher: { rc2Bits: 40 }, bytes: 5 },
};

/** How a scheme of PKCS #12 derives its key; undefined for what is none. */
export function pkcs12KeyDerivation(
  algorithm: string,
  parameters: ArrayBuffer,
  refuse: Refuse,
): KeyDerivation | undefined {
  const scheme = SCHEMES[algorithm];
  if (scheme === undefined) return undefined;
  const parsed = AsnConvert.parse(parameters, Pkcs12PbeParameters);
  const rounds = boundedRounds(parsed.rounds, MAX_PKCS12_ROUNDS, refuse);
  const { cipher, bytes } = scheme;
  return async ({ bmp }) => ({
    cipher,
    ...(await keyAndIv(bmp, octets(parsed.salt), rounds, bytes)),
  });
}

async function keyAndIv(password: Uint8Array, salt: Uint8Array, rounds: number, bytes: number) {
  const shared = { hash: "sha1", password, salt, rounds } as const;
  return {
    key: await derivePkcs12({ ...shared, purpose: "key", size: bytes }),
    iv: await derivePkcs12({ ...shared, purpose: "iv", size: 8 }),
  };
}

/** Encrypts by pbeWithSHAAnd3-KeyTripleDES-CBC, with 8 bytes of salt: what old programs read. */
export async function pkcs12Encrypt(
  plain: Uint8Array,
  password: PasswordBytes,
  { rounds, randomBytes }: { rounds: number; randomBytes: (size: number) => Uint8Array },
): Promise<{ algorithm: AlgorithmIdentifier; encrypted: Buffer }> {
  const salt = randomBytes(8);
  const parameters = new Pkcs12PbeParameters();
  parameters.salt = new OctetString(salt);
  parameters.rounds = rounds;
  const { key, iv } = await keyAndIv(password.bmp, salt, rounds, 24);
  try {
    const encrypted = encrypt({ cipher: "des-ede3-cbc", key, iv }, plain);
    return { algorithm: withParameters(SHA1_3DES, parameters), encrypted };
  } finally {
    key.fill(0);
  }
}
