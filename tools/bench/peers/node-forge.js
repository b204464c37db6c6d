import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import forge from "node-forge";

const { md, pki } = forge;
const DAY_MS = 86_400_000;

/** @param {{ certificate: string, privateKey: string }} pair */
export const open = ({ certificate, privateKey }) => ({
  subject: pki.certificateFromPem(certificate).subject.attributes,
  privateKey: pki.privateKeyFromPem(privateKey),
});

/**
 * With RSA keys of 2048 bits: it has no others.
 *
 * @param {string} commonName @param {ReturnType<typeof open> | undefined} issuer @param {boolean} isCa
 */
export const issue = async (commonName, issuer, isCa) => {
  const keys = await promisify(pki.rsa.generateKeyPair)({ bits: 2048 });
  const certificate = pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = `40${randomBytes(15).toString("hex")}`;
  certificate.validity.notBefore = new Date();
  certificate.validity.notAfter = new Date(Date.now() + 30 * DAY_MS);
  const subject = [{ name: "commonName", value: commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer?.subject ?? subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: isCa, critical: true },
    { name: "subjectKeyIdentifier" },
    ...(isCa ? [] : [{ name: "extKeyUsage", clientAuth: true }]),
  ]);
  certificate.sign(issuer?.privateKey ?? keys.privateKey, md.sha256.create());
  return {
    certificate: pki.certificateToPem(certificate),
    privateKey: pki.privateKeyToPem(keys.privateKey),
  };
};
