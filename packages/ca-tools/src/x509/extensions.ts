import { createHash, type KeyObject } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from "@peculiar/asn1-x509";
import type { Certificate } from "./certificate.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from "./library.ts";
import type { Profile } from "./profiles.ts";

export interface Names {
  /** Host names; in constraints, with all names below them. */
  dns?: readonly string[];
  /** Addresses; in constraints blocks, `127.0.0.0/8` or `::1/128`. */
  ip?: readonly string[];
}

/** SHA-1 of the public key's bits: method (1) of RFC 5280 §4.2.1.2. Upper-case hex. */
export function keyIdentifier(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha1").update(subjectPublicKey(spki)).digest("hex").toUpperCase();
}

/** Content of the BIT STRING that ends a SubjectPublicKeyInfo, without its count of unused bits. */
function subjectPublicKey(spki: Buffer): Buffer {
  const lengthSize = (at: number) => ((spki[at + 1] ?? 0) & 0x80 ? (spki[at + 1] ?? 0) & 0x7f : 0);
  const contentAt = (at: number) => at + 2 + lengthSize(at);
  const algorithm = contentAt(0);
  const bits = contentAt(algorithm) + (spki[algorithm + 1] ?? 0);
  return spki.subarray(contentAt(bits) + 1);
}

export function profileExtensions(
  profile: Profile,
  publicKey: KeyObject,
  issuer: Certificate | undefined,
  names: { subjectAlternativeNames?: Names; nameConstraints?: Names },
): Extension[] {
  const own = keyIdentifier(publicKey);
  const authority = issuer
    ? (issuer.subjectKeyIdentifier ?? keyIdentifier(issuer.x509.publicKey))
    : own;
  const usage = profile.keyUsage.reduce((flags, name) => flags | KeyUsageFlags[name], 0);
  return [
    new BasicConstraintsExtension(profile.ca, undefined, profile.ca),
    new KeyUsagesExtension(usage, true),
    ...extendedKeyUsage(profile),
    new SubjectKeyIdentifierExtension(own, false),
    new AuthorityKeyIdentifierExtension(authority, false),
    ...subjectAlternativeNames(names.subjectAlternativeNames),
    ...nameConstraints(names.nameConstraints),
    ...netscape(profile),
  ];
}

function extendedKeyUsage({ extendedKeyUsage: usages }: Profile): Extension[] {
  if (usages.length === 0) return [];
  return [
    new ExtendedKeyUsageExtension(
      usages.map((usage) => ExtendedKeyUsage[usage]),
      false,
    ),
  ];
}

function subjectAlternativeNames(names: Names | undefined): Extension[] {
  if (names === undefined) return [];
  const { dns = [], ip = [] } = names;
  const all = [
    ...dns.map((value) => ({ type: "dns" as const, value })),
    ...ip.map((value) => ({ type: "ip" as const, value })),
  ];
  return [new SubjectAlternativeNameExtension(all, false)];
}

/** Permitted subtrees (RFC 5280 §4.2.1.10); critical, as the RFC demands. */
function nameConstraints(names: Names | undefined): Extension[] {
  if (names === undefined) return [];
  const { dns = [], ip = [] } = names;
  const permitted = [
    ...dns.map((dNSName) => new GeneralName({ dNSName })),
    ...ip.map((iPAddress) => new GeneralName({ iPAddress })),
  ].map((base) => new GeneralSubtree({ base }));
  const value = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted) });
  return [new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(value))];
}

const NETSCAPE_BITS = { client: 0x80, email: 0x20 } as const;

/** Certificate type (a BIT STRING) and comment (an IA5String), as OpenSSL still writes them. */
function netscape({ netscape: wanted }: Profile): Extension[] {
  if (wanted === undefined) return [];
  const bits = wanted.types.reduce((all, type) => all | NETSCAPE_BITS[type], 0);
  // DER leaves out trailing zero bits (X.690 §11.2.2).
  const unused = 31 - Math.clz32(bits & -bits);
  return [
    new Extension("2.16.840.1.113730.1.1", false, Uint8Array.of(0x03, 2, unused, bits)),
    new Extension("2.16.840.1.113730.1.13", false, ia5String(wanted.comment)),
  ];
}

/** Of fewer than 128 ASCII characters. */
const ia5String = (text: string) =>
  Uint8Array.from([0x16, text.length, ...Buffer.from(text, "ascii")]);
