import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { Integer, OctetString, Utf8String } from "asn1js";
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CryptoEngine,
  Extension,
  ExtKeyUsage,
  setEngine,
} from "pkijs";

setEngine("node", new CryptoEngine({ name: "node", crypto: webcrypto }));

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const COMMON_NAME = "2.5.4.3";
const DAY_MS = 86_400_000;

/** @param {{ certificate: string, privateKey: string }} pair */
export const open = async ({ certificate, privateKey }) => ({
  subject: Certificate.fromBER(derOf(certificate)).subject,
  privateKey: await webcrypto.subtle.importKey(
    "pkcs8",
    createPrivateKey(privateKey).export({ format: "der", type: "pkcs8" }),
    ALGORITHM,
    false,
    ["sign"],
  ),
});

/**
 * @param {string} commonName
 * @param {Awaited<ReturnType<typeof open>> | undefined} issuer
 * @param {boolean} isCa
 */
export const issue = async (commonName, issuer, isCa) => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ valueHex: positive(randomBytes(16)) });
  const value = new Utf8String({ value: commonName });
  certificate.subject.typesAndValues.push(new AttributeTypeAndValue({ type: COMMON_NAME, value }));
  certificate.issuer = issuer?.subject ?? certificate.subject;
  certificate.notBefore.value = new Date();
  certificate.notAfter.value = new Date(Date.now() + 30 * DAY_MS);
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  certificate.extensions = await extensions(certificate, isCa);
  await certificate.sign(issuer?.privateKey ?? keys.privateKey, "SHA-256");
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: pem("CERTIFICATE", certificate.toSchema().toBER()),
    privateKey: pem("PRIVATE KEY", key),
  };
};

/** @param {Certificate} certificate @param {boolean} isCa */
const extensions = async ({ subjectPublicKeyInfo }, isCa) => {
  const bits = subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  const keyId = new OctetString({ valueHex: await webcrypto.subtle.digest("SHA-1", bits) });
  const constraints = new BasicConstraints({ cA: isCa });
  const clientAuth = new ExtKeyUsage({ keyPurposes: ["1.3.6.1.5.5.7.3.2"] });
  return [
    extension("2.5.29.19", constraints.toSchema(), true),
    extension("2.5.29.14", keyId, false),
    ...(isCa ? [] : [extension("2.5.29.37", clientAuth.toSchema(), false)]),
  ];
};

/** @param {string} extnID @param {{ toBER(): ArrayBuffer }} schema @param {boolean} critical */
const extension = (extnID, schema, critical) =>
  new Extension({ extnID, critical, extnValue: schema.toBER() });

/** @param {Buffer} bytes */
const positive = (bytes) => {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
};

/** @param {string} text */
const derOf = (text) => Buffer.from(text.replace(/-----[^-]+-----/g, ""), "base64");

/** @param {string} label @param {ArrayBuffer} der */
const pem = (label, der) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
