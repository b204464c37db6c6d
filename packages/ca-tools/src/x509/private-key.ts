import { createPrivateKey, type KeyObject, randomBytes as nodeRandomBytes } from "node:crypto";
import { EncryptedData, EncryptedPrivateKeyInfo } from "@peculiar/asn1-pkcs8";
import { AsnConvert } from "@peculiar/asn1-schema";
import { CaToolsError } from "../errors.ts";
import { algorithmOf } from "./keys.ts";
import { type Decryptor, decryptor } from "./pbe.ts";
import { passwordEncodings } from "./pbe-password.ts";
import { pbes2Encrypt } from "./pbe-pbes2.ts";
import {
  foreignEncryption,
  invalidKey,
  passwordRequired,
  unsupportedKey,
  wrongPassword,
} from "./private-key-errors.ts";
import { findPrivateKey, formOf, type PrivateKeyBlock } from "./private-key-form.ts";

/**
 * Where a password comes from. Asked only when a file turns out to be encrypted.
 *
 * @param file - the file that it opens, to be shown to people
 * @returns undefined where there is none
 */
export type PasswordSource = (file: string) => Promise<string | undefined>;

export interface PrivateKeyOptions {
  /** Named in errors, and to the source of the password. */
  file?: string | undefined;
  /** Ends the hint of an error, which begins with "restore". @default "it from a copy" */
  remedy?: string | undefined;
  password?: PasswordSource | undefined;
  /** Whether keys of every kind that Node knows are read, to be looked at. @default false */
  anyKind?: boolean | undefined;
}

/** Rounds of PBKDF2 in keys that this toolkit encrypts: a tenth of a second. */
export const KEY_DERIVATION_ROUNDS = 600_000;

/** Upper bound for a file that holds a key, in bytes: certificates may stand around it. */
export const MAX_PRIVATE_KEY_BYTES: number = 1024 * 1024;

/** Ciphers of the old PEM encryption that Node's OpenSSL has. */
const OLD_CIPHERS = /^(?:AES-(?:128|192|256)|DES-EDE3)-CBC$/;

/**
 * Reads a private key: the first one of a PEM text, or DER. PKCS#8 (RFC 5958), PKCS#1 (RFC 8017),
 * SEC1 (RFC 5915); encrypted PKCS#8 by PBES2 (RFC 8018) or a scheme of PKCS #12 (RFC 7292), and the
 * older encryption of PEM (RFC 1421). Keys are derived off the event loop, with at most 10,000,000
 * rounds of PBKDF2 or 256 MiB of scrypt.
 *
 * @throws {CaToolsError} `invalid-key`; `password-required` when it is encrypted and there is no
 * password; `wrong-password`; `unsupported-key` for one that this toolkit does not sign with, or
 * that is encrypted by other means or with more rounds
 */
export async function readPrivateKey(
  input: string | Uint8Array,
  options: PrivateKeyOptions = {},
): Promise<KeyObject> {
  const block = input.length > MAX_PRIVATE_KEY_BYTES ? undefined : findPrivateKey(input);
  if (block === undefined) throw invalidKey(options);
  checkLabel(block, options);
  const key = await keyOf(block, options);
  if (!options.anyKind) algorithmOf(key, options.file);
  return key;
}

/** @throws for keys that have a form of their own, which OpenSSL's error would not name */
function checkLabel({ label }: PrivateKeyBlock, options: PrivateKeyOptions): void {
  if (label === "OPENSSH PRIVATE KEY") {
    throw unsupportedKey(
      "is in OpenSSH's own form",
      options,
      "convert a copy: ssh-keygen -p -m PEM",
    );
  }
  if (label !== "DSA PRIVATE KEY") return;
  throw unsupportedKey(
    "is a DSA key, which this toolkit does not sign with",
    options,
    "use EC or RSA",
  );
}

async function keyOf(block: PrivateKeyBlock, options: PrivateKeyOptions): Promise<KeyObject> {
  if (block.oldEncrypted !== undefined) return await keyOfOldPem(block.oldEncrypted, options);
  const form = formOf(block.der);
  if (form === undefined) throw invalidKey(options);
  if (form === "encrypted") return await keyOfEncrypted(block.der, options);
  try {
    return createPrivateKey({ key: block.der, format: "der", type: form });
  } catch (cause) {
    throw invalidKey(options, cause);
  } finally {
    // The caller's own bytes stay as they are.
    if (block.label !== undefined) block.der.fill(0);
  }
}

async function keyOfOldPem(
  { pem, cipher }: { pem: string; cipher: string },
  options: PrivateKeyOptions,
): Promise<KeyObject> {
  if (!OLD_CIPHERS.test(cipher)) throw foreignEncryption(cipher, options);
  // Its derivation is one round of MD5, so it needs no thread of its own.
  const passphrase = await askPassword(options);
  const key = attempt(() => createPrivateKey({ key: pem, format: "pem", passphrase }));
  if (key !== undefined) return key;
  throw wrongPassword(options);
}

async function keyOfEncrypted(der: Buffer, options: PrivateKeyOptions): Promise<KeyObject> {
  const { decrypt, encrypted } = encryption(der, options);
  const password = await askPassword(options);
  for (const encoding of passwordEncodings(password)) {
    const plain = await decrypt(encrypted, encoding);
    const key = plain && keyOfPlain(plain);
    if (key !== undefined) return key;
  }
  throw wrongPassword(options);
}

function encryption(
  der: Buffer,
  options: PrivateKeyOptions,
): { decrypt: Decryptor; encrypted: Buffer } {
  try {
    const info = AsnConvert.parse(der, EncryptedPrivateKeyInfo);
    const refuse = (problem: string) => unsupportedKey(problem, options);
    return {
      decrypt: decryptor(info.encryptionAlgorithm, refuse),
      encrypted: Buffer.from(info.encryptedData.buffer),
    };
  } catch (error) {
    throw error instanceof CaToolsError ? error : invalidKey(options, error);
  }
}

/**
 * The key of an unencrypted PKCS#8, which is zeroed.
 *
 * @returns undefined where it is none: what a wrong password leaves
 */
export function keyOfPlain(plain: Buffer): KeyObject | undefined {
  try {
    return attempt(() => createPrivateKey({ key: plain, format: "der", type: "pkcs8" }));
  } finally {
    plain.fill(0);
  }
}

/** OpenSSL's errors vary with the bytes that a wrong password leaves: they tell nothing. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function askPassword({ file, password }: PrivateKeyOptions): Promise<string> {
  const given = await password?.(file ?? "the key");
  if (given === undefined) throw passwordRequired(file);
  return given;
}

/**
 * Encrypts a private key: PKCS#8 as PEM, PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018
 * §6.2). The key is derived off the event loop.
 *
 * @param options.rounds - of PBKDF2. @default {@link KEY_DERIVATION_ROUNDS}
 * @param options.randomBytes - @default node's
 * @throws {CaToolsError} `password-required` when the password is empty
 */
export async function encryptPrivateKey(
  key: KeyObject,
  password: string,
  options: { rounds?: number; randomBytes?: (size: number) => Uint8Array } = {},
): Promise<string> {
  const { rounds = KEY_DERIVATION_ROUNDS, randomBytes = nodeRandomBytes } = options;
  if (password === "") {
    throw new CaToolsError("password-required", "a private key needs a password to be encrypted", {
      hint: "give one of at least one character, or leave the key unencrypted",
    });
  }
  const plain = key.export({ type: "pkcs8", format: "der" });
  const encoding = { utf8: Buffer.from(password, "utf8"), bmp: Buffer.alloc(0) };
  const made = await pbes2Encrypt(plain, encoding, { rounds, randomBytes });
  plain.fill(0);
  const der = AsnConvert.serialize(
    new EncryptedPrivateKeyInfo({
      encryptionAlgorithm: made.algorithm,
      encryptedData: new EncryptedData(made.encrypted),
    }),
  );
  const lines = Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{64}(?!$)/g, "$&\n");
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}
