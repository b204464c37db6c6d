import type { KeyObject } from "node:crypto";
import type { ContentInfo } from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_SafeContents,
  id_x509Certificate,
  type SafeBag,
  SafeContents,
} from "@peculiar/asn1-pfx";
import { EncryptedPrivateKeyInfo } from "@peculiar/asn1-pkcs8";
import { CaToolsError } from "../../errors.ts";
import { type Certificate, parseCertificate } from "../certificate.ts";
import { algorithmOf } from "../keys.ts";
import { type Decryptor, decryptor } from "../pbe.ts";
import { octets, type Refuse } from "../pbe-pbes2.ts";
import { keyOfPlain, type PasswordSource } from "../private-key.ts";
import { invalidPfx } from "./errors.ts";
import { macCheck } from "./mac.ts";
import { inChainOrder } from "./order.ts";
import { DATA, ENCRYPTED_DATA, EncryptedData, Pfx, parseBer, parseOctets } from "./schema.ts";
import { type Unlock, unlocker } from "./unlock.ts";

/** Upper bound for one PFX, in bytes: a chain and a key are a few KiB. */
export const MAX_PFX_BYTES: number = 1024 * 1024;

/** Programs write two or three. */
const MAX_SAFES = 16;
/** Each may ask for seconds of key derivation. */
const MAX_ENCRYPTED_SAFES = 4;
/** Safes within safes: nobody does it, the RFC allows it. */
const MAX_DEPTH = 4;

export interface ReadPfxOptions {
  /** Asked once, when it is needed. Without an answer the empty password is tried. */
  password?: PasswordSource | undefined;
  /** Named in errors, and to the source of the password. */
  file?: string | undefined;
  /** Whether keys of every kind that Node knows are read, to be looked at. @default false */
  anyKind?: boolean | undefined;
}

export interface ReadPfx {
  /** The first private key; a PFX may be one of certificates only. */
  privateKey: KeyObject | undefined;
  /** The certificate of the key first, then its issuers, then the rest. */
  certificates: Certificate[];
}

interface Context {
  unlock: Unlock;
  file: string | undefined;
  refuse: Refuse;
}

/**
 * Reads a PFX (PKCS #12, RFC 7292) as OpenSSL, Windows, macOS, Java and NSS write it: PBES2, and the
 * older schemes with 3DES and RC2. Its MAC is verified before anything else is looked at. Rounds
 * are bounded: 600,000 of PKCS #12's derivation, 10,000,000 of PBKDF2.
 *
 * @throws {CaToolsError} `invalid-pfx`, `password-required`, `wrong-password`; `unsupported-key` when
 * this toolkit does not sign with keys of that kind
 */
export async function readPfx(bytes: Uint8Array, options: ReadPfxOptions = {}): Promise<ReadPfx> {
  const { file, password } = options;
  if (bytes.length > MAX_PFX_BYTES) throw invalidPfx(file, "is larger than a PFX can be");
  const refuse = (problem: string) => invalidPfx(file, problem);
  const context: Context = { unlock: unlocker(file, password), file, refuse };
  const content = await verifiedContent(bytes, context);
  const safes = parsed(context, () => parseBer(content, AuthenticatedSafe));
  const encrypted = safes.filter(({ contentType }) => contentType === ENCRYPTED_DATA);
  if (safes.length > MAX_SAFES || encrypted.length > MAX_ENCRYPTED_SAFES) {
    throw invalidPfx(file, "has more parts than a PFX can need");
  }
  const bags: SafeBag[] = [];
  for (const safe of safes) bags.push(...flattened(await contentsOf(safe, context), context));
  const privateKey = await firstKey(bags, context);
  if (privateKey !== undefined && !options.anyKind) algorithmOf(privateKey, file);
  const certificates = bags
    .filter(({ bagId }) => bagId === id_certBag)
    .flatMap((bag) => parsed(context, () => certificateOf(bag)));
  return { privateKey, certificates: inChainOrder(certificates, privateKey) };
}

/** Whatever a library makes of damage is one error here; its own may quote what it read. */
function parsed<T>({ file }: Context, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CaToolsError && error.code === "invalid-pfx") throw error;
    throw invalidPfx(file, "is not a PFX, or is damaged");
  }
}

async function verifiedContent(bytes: Uint8Array, context: Context): Promise<Buffer> {
  const { content, check } = parsed(context, () => {
    const { authSafe, macData } = parseBer(bytes, Pfx);
    if (authSafe.contentType !== DATA) {
      throw context.refuse(
        "is protected by a certificate and not by a password, which is not read",
      );
    }
    const content = parseOctets(authSafe.content);
    return { content, check: macData && macCheck(content, macData, context.refuse) };
  });
  if (check !== undefined) {
    await context.unlock(async (password) => (await check(password)) || undefined);
  }
  return content;
}

/** The bags of one part. */
async function contentsOf(safe: ContentInfo, context: Context): Promise<SafeContents> {
  if (safe.contentType === DATA) {
    return parsed(context, () => parseBer(parseOctets(safe.content), SafeContents));
  }
  if (safe.contentType !== ENCRYPTED_DATA) {
    throw context.refuse(`has a part of a kind that is not read (${safe.contentType})`);
  }
  const { decrypt, encrypted } = parsed(context, () => encryptedPart(safe, context));
  return await context.unlock(async (password) => {
    const plain = await decrypt(encrypted, password);
    try {
      return plain && parseBer(plain, SafeContents);
    } catch {
      // Padding is right by chance once in 256 wrong passwords.
      return undefined;
    } finally {
      plain?.fill(0);
    }
  });
}

function encryptedPart(
  safe: ContentInfo,
  { refuse }: Context,
): { decrypt: Decryptor; encrypted: Buffer } {
  const { content } = parseBer(safe.content, EncryptedData);
  const { value, constructedValue = [] } = content.encryptedContent ?? {};
  const pieces = value === undefined ? constructedValue : [value];
  return {
    decrypt: decryptor(content.contentEncryptionAlgorithm, refuse),
    encrypted: Buffer.concat(pieces.map(octets)),
  };
}

function flattened(contents: SafeContents, context: Context, depth = 0): SafeBag[] {
  if (depth > MAX_DEPTH) throw context.refuse("nests its parts too deeply");
  return Array.from(contents).flatMap((bag) => {
    if (bag.bagId !== id_SafeContents) return [bag];
    const inner = parsed(context, () => parseBer(bag.bagValue, SafeContents));
    return flattened(inner, context, depth + 1);
  });
}

async function firstKey(
  bags: readonly SafeBag[],
  context: Context,
): Promise<KeyObject | undefined> {
  const bag = bags.find(({ bagId }) => bagId === id_keyBag || bagId === id_pkcs8ShroudedKeyBag);
  if (bag === undefined) return undefined;
  if (bag.bagId === id_keyBag) {
    const key = keyOfPlain(Buffer.from(bag.bagValue));
    if (key === undefined) throw context.refuse("holds a damaged private key");
    return key;
  }
  const { decrypt, encrypted } = parsed(context, () => {
    const info = parseBer(bag.bagValue, EncryptedPrivateKeyInfo);
    const encrypted = Buffer.from(info.encryptedData.buffer);
    return { decrypt: decryptor(info.encryptionAlgorithm, context.refuse), encrypted };
  });
  return await context.unlock(async (password) => {
    const plain = await decrypt(encrypted, password);
    return plain && keyOfPlain(plain);
  });
}

/** None for a certificate of another kind (SDSI): RFC 7292 §4.2.3 knows two. */
function certificateOf({ bagValue }: SafeBag): Certificate[] {
  const { certId, certValue } = parseBer(bagValue, CertBag);
  return certId === id_x509Certificate ? [parseCertificate(parseOctets(certValue))] : [];
}
