import { createHash, type KeyObject, randomBytes as nodeRandomBytes } from "node:crypto";
import { ContentInfo, EncryptedContent, EncryptedContentInfo } from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
} from "@peculiar/asn1-pfx";
import { EncryptedData as EncryptedKey, EncryptedPrivateKeyInfo } from "@peculiar/asn1-pkcs8";
import { AsnBmpStringConverter, AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { CaToolsError } from "../../errors.ts";
import type { Certificate } from "../certificate.ts";
import { isKeyOf } from "../keys.ts";
import { type PasswordBytes, passwordEncodings } from "../pbe-password.ts";
import { pbes2Encrypt } from "../pbe-pbes2.ts";
import { pkcs12Encrypt } from "../pbe-pkcs12.ts";
import { type MacHash, makeMac } from "./mac.ts";
import { DATA, ENCRYPTED_DATA, EncryptedData, Pfx } from "./schema.ts";

type RandomBytes = (size: number) => Uint8Array;

export interface PfxContents {
  privateKey: KeyObject;
  /** The certificate of the key first, then its issuers. */
  certificates: readonly Certificate[];
  /** At least one character. Java opens only passwords of ASCII. */
  password: string;
  /** The name that Windows and Java show (Java's alias); of the key and of its certificate. */
  friendlyName?: string | undefined;
  /** `legacy` is for programs that know 3DES and SHA-1 only. @default "modern" */
  form?: PfxForm | undefined;
  randomBytes?: RandomBytes | undefined;
}

export type PfxForm = "legacy" | "modern";

interface FormDetails {
  encrypt: typeof pbes2Encrypt;
  mac: MacHash;
  saltBytes: number;
  /** Three derivations a file, one of them in JavaScript. */
  rounds: number;
}

const FORMS: Readonly<Record<PfxForm, FormDetails>> = {
  modern: { encrypt: pbes2Encrypt, mac: "sha256", saltBytes: 16, rounds: 10_000 },
  legacy: { encrypt: pkcs12Encrypt, mac: "sha1", saltBytes: 8, rounds: 2048 },
};

/**
 * Makes a PFX (PKCS #12, RFC 7292) of a private key and its chain, as DER. A secret.
 *
 * `modern`: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, MAC by HMAC-SHA-256, 10,000 rounds each.
 * `legacy`: pbeWithSHAAnd3-KeyTripleDES-CBC, MAC by HMAC-SHA-1, 2,048 rounds.
 *
 * @throws {CaToolsError} `key-mismatch` when the key is not the first certificate's,
 * `password-required` when the password is empty
 */
export async function writePfx(contents: PfxContents): Promise<Uint8Array> {
  const { certificates, privateKey, password, randomBytes = nodeRandomBytes } = contents;
  const leaf = certificates[0];
  if (leaf === undefined || !isKeyOf(privateKey, leaf)) {
    const owner = leaf === undefined ? "any certificate" : leaf.subject;
    throw new CaToolsError(
      "key-mismatch",
      `the private key for the PFX is not the one of ${owner}`,
      {
        hint: "give the certificate of the key first, then its issuers",
      },
    );
  }
  const [encoding] = passwordEncodings(password);
  if (password === "" || encoding === undefined) {
    throw new CaToolsError("password-required", "a PFX needs a password", {
      hint: "give one of at least one character: programs disagree about the empty one",
    });
  }
  const form = FORMS[contents.form ?? "modern"];
  const attributes = attributesOf(leaf, contents.friendlyName);
  const certificateSafe = new SafeContents(
    certificates.map((each) => certificateBag(each, each === leaf ? attributes : undefined)),
  );
  const keySafe = new SafeContents([
    await keyBag(privateKey, attributes, { form, encoding, randomBytes }),
  ]);
  const safes = new AuthenticatedSafe([
    await encryptedSafe(certificateSafe, { form, encoding, randomBytes }),
    dataContent(AsnConvert.serialize(keySafe)),
  ]);
  const content = AsnConvert.serialize(safes);
  const pfx = new Pfx();
  pfx.authSafe = dataContent(content);
  pfx.macData = await makeMac(new Uint8Array(content), encoding, {
    hash: form.mac,
    salt: randomBytes(form.saltBytes),
    rounds: form.rounds,
  });
  return new Uint8Array(AsnConvert.serialize(pfx));
}

interface Encryption {
  form: FormDetails;
  encoding: PasswordBytes;
  randomBytes: RandomBytes;
}

async function encryptedSafe(
  safe: SafeContents,
  { form, encoding, randomBytes }: Encryption,
): Promise<ContentInfo> {
  const plain = new Uint8Array(AsnConvert.serialize(safe));
  const made = await form.encrypt(plain, encoding, { rounds: form.rounds, randomBytes });
  const data = new EncryptedData();
  data.content = new EncryptedContentInfo({
    contentType: DATA,
    contentEncryptionAlgorithm: made.algorithm,
    encryptedContent: new EncryptedContent({ value: new OctetString(made.encrypted) }),
  });
  return new ContentInfo({ contentType: ENCRYPTED_DATA, content: AsnConvert.serialize(data) });
}

const dataContent = (content: ArrayBuffer) =>
  new ContentInfo({ contentType: DATA, content: AsnConvert.serialize(new OctetString(content)) });

async function keyBag(
  privateKey: KeyObject,
  bagAttributes: PKCS12Attribute[],
  { form, encoding, randomBytes }: Encryption,
): Promise<SafeBag> {
  const plain = privateKey.export({ type: "pkcs8", format: "der" });
  const made = await form.encrypt(plain, encoding, { rounds: form.rounds, randomBytes });
  plain.fill(0);
  const info = new EncryptedPrivateKeyInfo({
    encryptionAlgorithm: made.algorithm,
    encryptedData: new EncryptedKey(made.encrypted),
  });
  const bagValue = AsnConvert.serialize(info);
  return new SafeBag({ bagId: id_pkcs8ShroudedKeyBag, bagValue, bagAttributes });
}

function certificateBag(
  { der }: Certificate,
  bagAttributes: PKCS12Attribute[] | undefined,
): SafeBag {
  const certValue = AsnConvert.serialize(new OctetString(der));
  const bagValue = AsnConvert.serialize(new CertBag({ certId: id_x509Certificate, certValue }));
  return new SafeBag({ bagId: id_certBag, bagValue, ...(bagAttributes && { bagAttributes }) });
}

/** What says which certificate a key belongs to, and what both are called (RFC 2985 §5.5). */
function attributesOf(leaf: Certificate, friendlyName: string | undefined): PKCS12Attribute[] {
  // The value is free; OpenSSL's is the SHA-1 thumbprint, and some programs expect that.
  const id = AsnConvert.serialize(new OctetString(createHash("sha1").update(leaf.der).digest()));
  const localKeyId = attribute("1.2.840.113549.1.9.21", id);
  if (friendlyName === undefined) return [localKeyId];
  return [
    attribute("1.2.840.113549.1.9.20", AsnBmpStringConverter.toASN(friendlyName).toBER()),
    localKeyId,
  ];
}

// The library's constructor drops what it is given.
function attribute(attrId: string, value: ArrayBuffer): PKCS12Attribute {
  return Object.assign(new PKCS12Attribute(), { attrId, attrValues: [value] });
}
