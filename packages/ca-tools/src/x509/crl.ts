/** Certificate revocation lists: RFC 5280 §5. */
import { type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { AsnConvert, AsnIntegerBigIntConverter, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  CRLReason,
  Extension,
  InvalidityDate,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  id_ce_invalidityDate,
  KeyIdentifier,
  Name as NameSyntax,
  TBSCertList,
  Time,
  Version,
} from "@peculiar/asn1-x509";
import { CaToolsError } from "../errors.ts";
import { timeElement } from "./asn1-time.ts";
import type { Certificate } from "./certificate.ts";
import { type Crl, type CrlEntry, parseCrl } from "./crl-read.ts";
import { elements } from "./der.ts";
import { element, positiveInteger } from "./der-write.ts";
import { keyIdentifier } from "./extensions.ts";
import type { Issuer } from "./issue.ts";
import { algorithmDetails, algorithmOf, isKeyOf } from "./keys.ts";
import { CRL_REASONS, type CrlReason } from "./reasons.ts";

export { type Crl, type CrlEntry, isCrlOf, MAX_CRL_BYTES, parseCrl } from "./crl-read.ts";

export interface CrlInput {
  issuer: Issuer;
  /** Above that of every earlier CRL of this issuer (§5.2.3). */
  number: bigint | number;
  /** Dates count in whole seconds. */
  thisUpdate: Date;
  nextUpdate: Date;
  /** Each serial number once. */
  entries: readonly CrlEntry[];
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/** 20 octets: §5.2.3. */
const MAX_NUMBER = 1n << 159n;

/**
 * Makes a version 2 CRL of everything that the issuer revoked, with number and authority key
 * identifier. Signed with the digest that goes with the key.
 *
 * Not made by the library's generator: that writes an empty list of extensions into entries that have
 * none, which §5.1 does not know, and compares every entry with every other.
 *
 * @throws {CaToolsError} `key-mismatch` when the key is not the certificate's; `not-a-ca` for an issuer
 * whose keyUsage lacks cRLSign (§4.2.1.3); `invalid-crl` for a number that is negative or too long
 */
export async function issueCrl(input: CrlInput): Promise<Crl> {
  const { certificate, privateKey } = input.issuer;
  checkIssuer(input.issuer);
  const number = BigInt(input.number);
  if (number < 0n || number >= MAX_NUMBER) {
    throw new CaToolsError("invalid-crl", `a CRL cannot have the number ${number}`);
  }
  const { hash } = algorithmDetails(algorithmOf(privateKey));
  const signatureAlgorithm = algorithmIdentifier(privateKey, hash);
  const list = new TBSCertList({
    version: Version.v2,
    signature: signatureAlgorithm,
    // As structure, so that the bytes equal the CA's subject whatever its string types are.
    issuer: AsnConvert.parse(certificate.subjectName.toArrayBuffer(), NameSyntax),
    thisUpdate: new Time(input.thisUpdate),
    nextUpdate: new Time(input.nextUpdate),
    crlExtensions: [
      extension(id_ce_authorityKeyIdentifier, authorityKeyIdentifier(certificate)),
      extension(id_ce_cRLNumber, AsnIntegerBigIntConverter.toASN(number).toBER(false)),
    ],
  });
  const signed = withEntries(AsnConvert.serialize(list), input.entries);
  const signature = await promisify(sign)(hash, signed, privateKey);
  return parseCrl(
    element(
      SEQUENCE,
      signed,
      new Uint8Array(AsnConvert.serialize(signatureAlgorithm)),
      // None of its bits is unused.
      element(BIT_STRING, Uint8Array.of(0), signature),
    ),
  );
}

/** Puts the entries between the dates and the extensions; the library takes seconds over thousands. */
function withEntries(list: ArrayBuffer, entries: readonly CrlEntry[]): Buffer {
  const bytes = new Uint8Array(list);
  // An empty list is left out (§5.1.2.6).
  if (entries.length === 0) return Buffer.from(bytes);
  const content = elements(bytes)[0]?.content ?? bytes;
  const behind = elements(content).at(-2)?.end;
  const reasons = new Map<CrlReason, Uint8Array>();
  const revoked = element(SEQUENCE, ...entries.map((entry) => revokedCertificate(entry, reasons)));
  return element(SEQUENCE, content.subarray(0, behind), revoked, content.subarray(behind));
}

/** @param reasons - the extensions made so far: there are few reasons, and many entries */
function revokedCertificate(
  { serialNumber, at, reason, invalidSince }: CrlEntry,
  reasons: Map<CrlReason, Uint8Array>,
): Buffer {
  const extensions: Uint8Array[] = [];
  if (reason !== undefined && reason !== "unspecified") {
    const known = reasons.get(reason) ?? reasonExtension(reason);
    reasons.set(reason, known);
    extensions.push(known);
  }
  if (invalidSince !== undefined) extensions.push(invalidityExtension(invalidSince));
  const list = extensions.length > 0 ? [element(SEQUENCE, ...extensions)] : [];
  return element(SEQUENCE, positiveInteger(serialNumber), timeElement(at), ...list);
}

const reasonExtension = (reason: CrlReason) =>
  derOf(extension(id_ce_cRLReasons, AsnConvert.serialize(new CRLReason(CRL_REASONS[reason]))));

const invalidityExtension = (since: Date) => {
  const second = new Date(Math.floor(since.getTime() / 1000) * 1000);
  return derOf(extension(id_ce_invalidityDate, AsnConvert.serialize(new InvalidityDate(second))));
};

const derOf = (syntax: Extension) => new Uint8Array(AsnConvert.serialize(syntax));

function checkIssuer({ certificate, privateKey }: Issuer): void {
  if (!isKeyOf(privateKey, certificate)) {
    throw new CaToolsError(
      "key-mismatch",
      `the private key is not the one of ${certificate.subject}`,
    );
  }
  if (certificate.keyUsages?.includes("cRLSign") ?? true) return;
  throw new CaToolsError(
    "not-a-ca",
    `${certificate.subject} may not sign CRLs: its keyUsage lacks cRLSign`,
    { hint: "have the certificate renewed with this key usage" },
  );
}

/** RFC 5758 §3.2; RFC 4055 §5, whose parameters are NULL. */
function algorithmIdentifier(key: KeyObject, hash: "sha256" | "sha384"): AlgorithmIdentifier {
  const isLong = hash === "sha384";
  return key.asymmetricKeyType === "ec"
    ? new AlgorithmIdentifier({ algorithm: `1.2.840.10045.4.3.${isLong ? 3 : 2}` })
    : new AlgorithmIdentifier({
        algorithm: `1.2.840.113549.1.1.${isLong ? 12 : 11}`,
        parameters: null,
      });
}

/** The issuer's own subject key identifier (§5.2.1). */
function authorityKeyIdentifier({ subjectKeyIdentifier, x509 }: Certificate): ArrayBuffer {
  const identifier = subjectKeyIdentifier ?? keyIdentifier(x509.publicKey);
  const keyIdentifierOctets = new KeyIdentifier(Buffer.from(identifier, "hex"));
  return AsnConvert.serialize(new AuthorityKeyIdentifier({ keyIdentifier: keyIdentifierOctets }));
}

/** Not critical, as §5.2 and §5.3 want all of these. */
const extension = (extnID: string, value: ArrayBuffer) =>
  new Extension({ extnID, critical: false, extnValue: new OctetString(value) });
