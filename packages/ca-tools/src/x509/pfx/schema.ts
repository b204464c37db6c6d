/**
 * The outer ASN.1 of a PFX (RFC 7292 §4). The library's own is not used for it: it takes no OCTET
 * STRING in pieces (BER, which NSS and old programs write), gives a PFX without MAC an empty one,
 * and has no EncryptedData.
 */
import { ContentInfo, EncryptedContentInfo } from "@peculiar/asn1-cms";
import { AsnConvert, AsnProp, type IAsnConverter, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { INTEGER, OCTETS } from "../pbe-schema.ts";

/** Content types (RFC 5652 §4 and §8). */
export const DATA = "1.2.840.113549.1.7.1";
export const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";

export class DigestInfo {
  algorithm: AlgorithmIdentifier = new AlgorithmIdentifier();
  digest: OctetString = new OctetString();
}
AsnProp({ type: AlgorithmIdentifier })(DigestInfo.prototype, "algorithm");
AsnProp(OCTETS)(DigestInfo.prototype, "digest");

export class MacData {
  mac: DigestInfo = new DigestInfo();
  salt: OctetString = new OctetString();
  rounds = 1;
}
AsnProp({ type: DigestInfo })(MacData.prototype, "mac");
AsnProp(OCTETS)(MacData.prototype, "salt");
AsnProp({ ...INTEGER, defaultValue: 1 })(MacData.prototype, "rounds");

export class Pfx {
  version = 3;
  authSafe: ContentInfo = new ContentInfo();
  macData?: MacData;
}
AsnProp(INTEGER)(Pfx.prototype, "version");
AsnProp({ type: ContentInfo })(Pfx.prototype, "authSafe");
AsnProp({ type: MacData, optional: true })(Pfx.prototype, "macData");

/** What the library's EncryptedData would be (RFC 5652 §8). */
export class EncryptedData {
  version = 0;
  content: EncryptedContentInfo = new EncryptedContentInfo();
}
AsnProp(INTEGER)(EncryptedData.prototype, "version");
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, "content");

/** An OCTET STRING by itself, which may be in pieces. */
class Octets extends OctetString {
  override fromASN(asn: Parameters<OctetString["fromASN"]>[0]): this {
    this.buffer = (OCTETS.converter as IAsnConverter<OctetString>).fromASN(asn).buffer;
    return this;
  }
}

/**
 * Parses BER. What lies within an OCTET STRING is left alone: it is parsed in its turn.
 *
 * @throws any error when the bytes are not of that type
 */
export function parseBer<T>(bytes: Uint8Array | ArrayBuffer, type: new () => T): T {
  return AsnConvert.parse(bytes, type, { berOptions: { parseEmbedded: false } });
}

/** The content of an OCTET STRING. */
export function parseOctets(bytes: Uint8Array | ArrayBuffer): Buffer {
  return Buffer.from(parseBer(bytes, Octets).buffer);
}
