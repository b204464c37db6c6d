/** Certificates with parts that no library would write, as DER. */
import { type KeyObject, sign } from "node:crypto";
import { element } from "../x509/der-write.ts";
import type { KeyPair } from "../x509/keys.ts";

export const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");
export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts);
export const integer = (...content: readonly Uint8Array[]): Buffer => element(0x02, ...content);
export const octets = (content: Uint8Array): Buffer => element(0x04, content);
/** @param content - of the object identifier, in hex */
export const oid = (content: string): Buffer => element(0x06, hex(content));
export const name = (common: string): Buffer =>
  sequence(element(0x31, sequence(oid("550403"), element(0x0c, Buffer.from(common)))));
/** @param type - content of the object identifier, in hex */
export const extension = (type: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(type), ...(critical ? [hex("0101ff")] : []), octets(value));

export const ECDSA_SHA256: Buffer = sequence(oid("2a8648ce3d040302"));
export const BASIC_CONSTRAINTS = "551d13";
export const KEY_USAGE = "551d0f";
export const CA_TRUE: Buffer = extension(BASIC_CONSTRAINTS, hex("30030101ff"), true);
export const SIGNS_CERTIFICATES: Buffer = extension(KEY_USAGE, hex("03020106"), true);

export interface DerCertificate {
  subject: string;
  keys: Pick<KeyPair, "publicKey">;
  issuer: { subject: string; privateKey: KeyObject };
  extensions: readonly Uint8Array[];
  /** Algorithms within and beside the signature. @default ECDSA with SHA-256 */
  algorithms?: readonly [inner: Uint8Array, outer: Uint8Array];
  digest?: string;
  version?: Uint8Array;
}

/** Valid in the years 2020 to 2049. */
export function derCertificate(certificate: DerCertificate): Uint8Array {
  const { subject, keys, issuer, extensions, digest = "sha256" } = certificate;
  const [inner, outer] = certificate.algorithms ?? [ECDSA_SHA256, ECDSA_SHA256];
  const time = (text: string) => element(0x17, Buffer.from(text));
  const signed = sequence(
    element(0xa0, certificate.version ?? integer(hex("02"))),
    integer(hex("4001")),
    inner,
    name(issuer.subject),
    sequence(time("200101000000Z"), time("491231235959Z")),
    name(subject),
    keys.publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(...extensions)),
  );
  const signature = sign(digest, signed, issuer.privateKey);
  return new Uint8Array(sequence(signed, outer, element(0x03, hex("00"), signature)));
}
