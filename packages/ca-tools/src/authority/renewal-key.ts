import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists } from "../folder/files.ts";
import { readPair } from "../folder/read.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { algorithmOf, exportPrivateKeyPem, generateKeyPair } from "../x509/keys.ts";
import { encryptPrivateKey, type PasswordSource } from "../x509/private-key.ts";
import { leafPaths } from "./leaf-files.ts";
import { isKeyElsewhere, remedyFor } from "./load-device.ts";

export interface KeyOptions {
  /** Makes another key, of the same kind. @default false */
  newKey?: boolean;
  /** Encrypts a new key; demanded where the old one is encrypted. A secret. */
  keyPassword?: string;
  /** Opens the old keys, where a PFX is to hold them. */
  password?: PasswordSource;
}

export interface RenewalKey {
  publicKey: KeyObject;
  /** Absent where it is not at hand, and not needed. */
  privateKey?: KeyObject;
  /** Of a new key. */
  file?: NewFile;
}

/**
 * The key for a device's next certificate. The public key is in the certificate, so that one that is
 * encrypted, or lies with the device alone, is not asked for in vain.
 *
 * @param needed - whether the private key itself is wanted
 */
export async function keyForRenewal(
  folder: string,
  id: string,
  old: Certificate,
  options: KeyOptions & { needed: boolean },
): Promise<RenewalKey> {
  const { needed, newKey = false, password } = options;
  const paths = leafPaths(id);
  const isHere = await exists(join(folder, paths.key));
  const isElsewhere = !isHere && (newKey ? await isKeyElsewhere(folder, id) : needed);
  if (isElsewhere) throw keyElsewhere(join(folder, paths.key), id);
  if (newKey) return await anotherKey(folder, id, old, options);
  const { publicKey } = old.x509;
  if (!isHere) return { publicKey };
  const open = readPair(folder, paths, remedyFor(id), needed ? password : undefined);
  const pair = needed ? await open : await unlessEncrypted(open);
  return { publicKey, ...(pair && { privateKey: pair.privateKey }) };
}

async function anotherKey(
  folder: string,
  id: string,
  old: Certificate,
  { keyPassword }: KeyOptions,
): Promise<RenewalKey> {
  const path = leafPaths(id).key;
  if (keyPassword === undefined && (await isEncrypted(folder, id))) {
    const file = join(folder, path);
    throw new CaToolsError("password-required", `${file} is encrypted, so its successor is to be`, {
      file,
      hint: "give a password for the new key with --key-password-file or --key-password-env",
    });
  }
  const keys = await generateKeyPair(algorithmOf(old.x509.publicKey));
  const data =
    keyPassword === undefined
      ? exportPrivateKeyPem(keys.privateKey)
      : await encryptPrivateKey(keys.privateKey, keyPassword);
  return { ...keys, file: { path, data, secret: true } };
}

/** A key that is damaged is none to protect: another takes its place. */
async function isEncrypted(folder: string, id: string): Promise<boolean> {
  const pair = readPair(folder, leafPaths(id), remedyFor(id));
  return (await unlessEncrypted(pair).catch(() => null)) === undefined;
}

async function unlessEncrypted<T>(reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    if ((error as { code?: unknown }).code === "password-required") return undefined;
    throw error;
  });
}

function keyElsewhere(file: string, id: string): CaToolsError {
  return new CaToolsError("not-found", `the private key of ${id} is not here: ${file} is missing`, {
    file,
    hint: "renew it with the key that it has, or sign a request of the device's with: dps-certs ca sign",
  });
}
