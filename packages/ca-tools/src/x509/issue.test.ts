import { createPublicKey, X509Certificate } from "node:crypto";
import { fc, it as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { textOf, verifyStrict } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { type Issuer, issueCertificate, randomSerialNumber } from "./issue.ts";
import { generateKeyPair, KEY_ALGORITHMS, type KeyAlgorithmName, type KeyPair } from "./keys.ts";
import { PROFILES, type ProfileName } from "./profiles.ts";
import { validatePath } from "./validate.ts";

const SIGNATURES: Record<KeyAlgorithmName, string> = {
  "ec-p256": "ecdsa-with-SHA256",
  "ec-p384": "ecdsa-with-SHA384",
  "rsa-2048": "sha256WithRSAEncryption",
  "rsa-3072": "sha256WithRSAEncryption",
  "rsa-4096": "sha256WithRSAEncryption",
};
const BELOW = (Object.keys(PROFILES) as ProfileName[]).filter((profile) => profile !== "root");

/** What openssl shows of the usages. */
interface Usages {
  usage: string;
  extended: string | undefined;
}
const CA: Usages = {
  usage: "critical Digital Signature, Certificate Sign, CRL Sign",
  extended: undefined,
};
const LEAF: Usages = {
  usage: "critical Digital Signature",
  extended: "TLS Web Client Authentication",
};
const SERVER: Usages = { ...LEAF, extended: "TLS Web Server Authentication" };
const EXCEPTIONS: Partial<Record<ProfileName, Usages>> = {
  server: SERVER,
  edgeServer: SERVER,
  scriptDevice: {
    usage: "critical Digital Signature, Non Repudiation, Key Encipherment",
    extended: "TLS Web Client Authentication, E-mail Protection",
  },
};

/** An extension as openssl shows it: whether it is critical, and its value. */
function shown(text: string, name: string): string | undefined {
  const found = new RegExp(`X509v3 ${name}: (critical)?\\s*\\n\\s+(.*?)\\s*\\n`).exec(text);
  return found ? `${found[1] ?? ""} ${found[2]}`.trim() : undefined;
}

describe.each(KEY_ALGORITHMS)("with %s keys", { timeout: 20_000 }, (algorithm) => {
  let keys: KeyPair;
  let root: Issuer;

  beforeAll(async () => {
    keys = await generateKeyPair(algorithm);
    root = await rootCa("Factory Root CA", { keys });
  }, 60_000);

  it("makes a root that openssl takes for one", () => {
    const text = textOf(root.certificate);
    expect(shown(text, "Basic Constraints")).toBe("critical CA:TRUE");
    expect(shown(text, "Key Usage")).toBe("critical Digital Signature, Certificate Sign, CRL Sign");
    expect(text).toContain(`Signature Algorithm: ${SIGNATURES[algorithm]}`);
    expect(verifyStrict(scratch(), [root.certificate], { at: NOW })).toMatchObject({ status: 0 });
  });

  it.each(BELOW)("makes a %s certificate that openssl verifies", async (profile) => {
    const { certificate } = await issue("dev-1", root, { profile, keys });
    const text = textOf(certificate);
    const { usage, extended } = PROFILES[profile].ca ? CA : (EXCEPTIONS[profile] ?? LEAF);
    expect(shown(text, "Basic Constraints")).toBe(
      PROFILES[profile].ca ? "critical CA:TRUE" : "CA:FALSE",
    );
    expect(shown(text, "Key Usage")).toBe(usage);
    expect(shown(text, "Extended Key Usage")).toBe(extended);
    expect(text).toContain(`Signature Algorithm: ${SIGNATURES[algorithm]}`);
    const purpose = extended?.includes("Server") ? "sslserver" : "sslclient";
    const path = [certificate, root.certificate];
    expect(verifyStrict(scratch(), path, { at: NOW, purpose })).toMatchObject({ status: 0 });
    expect(validatePath({ path, now: NOW })).toEqual([]);
  });

  it("names keys by the SHA-1 of their bits, and the issuer's key by its name there", async () => {
    const { certificate } = await issue("dev-1", root, { keys });
    const text = textOf(certificate);
    const own = shown(text, "Subject Key Identifier")?.replaceAll(":", "");
    expect(own).toBe(certificate.subjectKeyIdentifier);
    expect(shown(text, "Authority Key Identifier")?.replaceAll(":", "")).toBe(
      root.certificate.subjectKeyIdentifier,
    );
  });

  it("is read by node:crypto with the key that it was made for", async () => {
    const { certificate } = await issue("dev-1", root, { keys });
    const read = new X509Certificate(certificate.pem);
    expect(read.checkIssued(root.certificate.x509)).toBe(true);
    expect(read.verify(createPublicKey(root.privateKey))).toBe(true);
    expect(read.checkPrivateKey(keys.privateKey)).toBe(true);
  });
});

describe("issueCertificate", () => {
  it("writes the dates that it was given, GeneralizedTime from 2050 on", async () => {
    const notBefore = new Date("2049-12-31T23:59:59Z");
    const notAfter = new Date("2050-01-01T00:00:00Z");
    const { certificate } = await rootCa("Factory", { notBefore, notAfter });
    expect(certificate).toMatchObject({ notBefore, notAfter });
    expect(textOf(certificate)).toContain("Not After : Jan  1 00:00:00 2050 GMT");
  });

  it("has version 3 and the serial number that it was given", async () => {
    const serialNumber = "0123456789ABCDEF0123456789ABCDEF";
    const { certificate } = await rootCa("Factory", { serialNumber });
    expect(certificate).toMatchObject({ serialNumber, version: 3 });
    expect(textOf(certificate)).toContain("Version: 3 (0x2)");
  });

  it("writes names of hosts and addresses", async () => {
    const root = await rootCa("Factory");
    const { certificate } = await issue("server", root, {
      profile: "server",
      subjectAlternativeNames: { dns: ["localhost", "*.example.net"], ip: ["127.0.0.1", "::1"] },
    });
    expect(shown(textOf(certificate), "Subject Alternative Name")).toBe(
      "DNS:localhost, DNS:*.example.net, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
  });

  it("constrains the names below a CA", async () => {
    const nameConstraints = { dns: ["localhost"], ip: ["127.0.0.0/8", "::1/128"] };
    const root = await rootCa("Factory", { nameConstraints });
    const text = textOf(root.certificate);
    expect(text).toContain("X509v3 Name Constraints: critical");
    expect(text).toContain("IP:127.0.0.0/255.0.0.0");
    const server = (dns: string) =>
      issue("server", root, { profile: "server", subjectAlternativeNames: { dns: [dns] } });
    const verify = async (dns: string) =>
      verifyStrict(scratch(), [(await server(dns)).certificate, root.certificate], { at: NOW });
    expect(await verify("localhost")).toMatchObject({ status: 0 });
    expect((await verify("victim.example")).output).toContain("permitted subtree violation");
  });

  it.each([
    ["empty", ""],
    ["of 65 characters", "x".repeat(65)],
    ["with a line feed", "a\nb"],
    ["with a NUL", "a\0b"],
    ["with half a surrogate pair", "a\uD800b"],
  ])("refuses a common name %s", async (_, commonName) => {
    await expect(rootCa(commonName)).rejects.toMatchObject({ code: "invalid-name" });
  });

  it("refuses an issuer whose key is another's", async () => {
    const { certificate } = await rootCa("Factory");
    const { privateKey, publicKey } = await generateKeyPair();
    const request = issueCertificate({
      profile: "device",
      subject: { commonName: "dev-1" },
      publicKey,
      issuer: { certificate, privateKey },
      notBefore: NOW,
      notAfter: inDays(1),
    });
    await expect(request).rejects.toMatchObject({ code: "key-mismatch" });
  });
});

describe("randomSerialNumber", () => {
  property.prop([fc.uint8Array({ minLength: 16, maxLength: 16 })])(
    "is 16 bytes, positive, whatever is drawn",
    (bytes) => {
      const serial = randomSerialNumber(() => Buffer.from(bytes));
      expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    },
  );

  it("differs each time", () => {
    expect(new Set(Array.from({ length: 100 }, () => randomSerialNumber())).size).toBe(100);
  });
});
