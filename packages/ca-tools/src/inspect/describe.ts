import { createPublicKey, type KeyObject } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { keyAlgorithmName } from "../x509/algorithm-names.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Crl } from "../x509/crl-read.ts";
import type { Item } from "./items.ts";
import type { Links } from "./links.ts";
import type { LooseRequest } from "./loose-request.ts";
import { publicKeyOf, publicKeySha256 } from "./public-key.ts";
import type {
  CertificateRole,
  Inspected,
  InspectedCertificate,
  InspectedCrl,
  InspectedPrivateKey,
  InspectedRequest,
} from "./types.ts";

/** Entries of a CRL that are shown. */
const SHOWN_ENTRIES = 20;

/** RFC 5280 §4.2.1.12. */
const PURPOSES: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
  "2.5.29.37.0": "anyExtendedKeyUsage",
};

export function describeItem(item: Item, links: Links): Inspected {
  const { file, line } = item;
  const place = { ...(file !== undefined && { file }), ...(line !== undefined && { line }) };
  switch (item.kind) {
    case "certificate":
      return { ...place, ...describeCertificate(item.certificate, links) };
    case "private-key":
      return { ...place, ...describePrivateKey(item, links) };
    case "public-key":
      return { ...place, ...describePublicKey(item.key, links) };
    case "request":
      return { ...place, ...describeRequest(item.request) };
    case "crl":
      return { ...place, ...describeCrl(item.crl, links) };
    case "pfx": {
      const { contents = [], error } = item;
      const described = contents.map((one) => describeItem(one, links));
      return {
        kind: "pfx",
        ...place,
        opened: item.contents !== undefined,
        contents: described as (InspectedCertificate | InspectedPrivateKey)[],
        ...(error && { error }),
      };
    }
    case "unknown":
      return item;
  }
}

function describeCertificate(certificate: Certificate, links: Links): InspectedCertificate {
  const { basicConstraints, extendedKeyUsage, keyUsages } = certificate;
  const selfSigned = links.isSelfSigned(certificate);
  const purposes = extendedKeyUsage?.map((oid) => PURPOSES[oid] ?? oid);
  return {
    kind: "certificate",
    role: roleOf(certificate, selfSigned, purposes),
    subject: certificate.subject,
    issuer: certificate.issuer,
    ...optional("commonName", certificate.commonName),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    sha256: certificate.sha256,
    sha1: certificate.sha1,
    version: certificate.version,
    keyAlgorithm: certificate.keyAlgorithm,
    signatureAlgorithm: certificate.signatureAlgorithm,
    ca: basicConstraints?.ca === true,
    ...optional("pathLength", basicConstraints?.pathLength),
    ...optional("keyUsage", keyUsages && [...keyUsages]),
    ...optional("extendedKeyUsage", purposes),
    subjectAlternativeNames: [...certificate.subjectAlternativeNames],
    ...optional("subjectKeyIdentifier", certificate.subjectKeyIdentifier),
    ...optional("authorityKeyIdentifier", certificate.authorityKeyIdentifier),
    selfSigned,
    ...optional("publicKeySha256", publicKeyOf(certificate)),
    ...optional("issuedBy", links.issuerOf(certificate)?.sha256),
  };
}

const optional = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> => (value === undefined ? {} : ({ [key]: value } as never));

function roleOf(
  { basicConstraints }: Certificate,
  selfSigned: boolean,
  purposes: readonly string[] | undefined,
): CertificateRole {
  if (basicConstraints?.ca) return selfSigned ? "root" : "intermediate";
  if (purposes?.includes("clientAuth")) return "device";
  if (purposes?.includes("serverAuth")) return "server";
  return selfSigned ? "self-signed" : "leaf";
}

function algorithmName(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const { algorithm } = AsnConvert.parse(spki, SubjectPublicKeyInfo);
  return keyAlgorithmName({ publicKey }, algorithm);
}

function describePrivateKey(
  { encrypted, key, error }: Extract<Item, { kind: "private-key" }>,
  links: Links,
): InspectedPrivateKey {
  if (key === undefined) return { kind: "private-key", encrypted, ...(error && { error }) };
  return { ...describePublicKey(createPublicKey(key), links), kind: "private-key", encrypted };
}

function describePublicKey(key: KeyObject, links: Links) {
  return {
    kind: "public-key" as const,
    keyAlgorithm: algorithmName(key),
    publicKeySha256: publicKeySha256(key),
    belongsTo: links.certificatesOf(key).map(({ sha256 }) => sha256),
  };
}

function describeRequest({ request, subject, publicKey, refusal }: LooseRequest): InspectedRequest {
  const key = publicKey && {
    keyAlgorithm: algorithmName(publicKey),
    publicKeySha256: publicKeySha256(publicKey),
  };
  const { code, message, hint } = refusal ?? {};
  return {
    kind: "request",
    subject,
    ...optional("commonName", request?.commonName),
    ...key,
    signatureValid: request !== undefined,
    ...(request && {
      signatureAlgorithm: request.signatureAlgorithm,
      subjectAlternativeNames: [...request.subjectAlternativeNames],
      extensions: [...request.extensions],
    }),
    ...(code && message && { error: { code, message, ...optional("hint", hint) } }),
  };
}

function describeCrl(crl: Crl, links: Links): InspectedCrl {
  return {
    kind: "crl",
    issuer: crl.issuer,
    ...optional("number", crl.number?.toString()),
    thisUpdate: crl.thisUpdate.toISOString(),
    ...optional("nextUpdate", crl.nextUpdate?.toISOString()),
    signatureAlgorithm: crl.signatureAlgorithm,
    ...optional("authorityKeyIdentifier", crl.authorityKeyIdentifier),
    ...optional("issuedBy", links.issuerOfCrl(crl)?.sha256),
    count: crl.entries.length,
    entries: crl.entries.slice(0, SHOWN_ENTRIES).map(({ serialNumber, at, reason }) => ({
      serialNumber,
      at: at.toISOString(),
      ...optional("reason", reason),
    })),
  };
}
