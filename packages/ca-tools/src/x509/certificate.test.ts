import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { fc, it as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { issue, rootCa } from "../testing/authority.ts";
import { openssl, textOf } from "../testing/openssl.ts";
import { CA_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { scratch } from "../testing/scratch.ts";
import {
  type Certificate,
  MAX_CERTIFICATE_BYTES,
  parseCertificate,
  parseCertificates,
} from "./certificate.ts";
import type { Issuer } from "./issue.ts";
import { exportPrivateKeyPem } from "./keys.ts";
import { findPaths } from "./paths.ts";
import { validatePath } from "./validate.ts";

let root: Issuer;
let named: Issuer;
let certificate: Certificate;
let leaf: Certificate;

const pem = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
const block = (base64: string) => pem("CERTIFICATE").replace("AAAA", base64);
const base64 = (der: Uint8Array, more: number[]) =>
  Buffer.concat([der, Uint8Array.from(more)]).toString("base64");
const DER = { type: "pkcs8", format: "der" } as const;

function orCaToolsError<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(CaToolsError);
    return undefined;
  }
}

beforeAll(async () => {
  root = await rootCa("Factory Root CA");
  named = await issue("Named", root, { nameConstraints: { dns: ["a.org"], ip: ["10.0.0.0/8"] } });
  certificate = root.certificate;
  leaf = (await issue("dev-1", root, { profile: "device" })).certificate;
});

describe("parseCertificate", () => {
  it("reads what it read lately no second time, and nothing else in its place", () => {
    const [text, other] = [leaf.pem, certificate.pem];
    expect(parseCertificate(text)).toBe(parseCertificate(text));
    expect(parseCertificate(Buffer.from(leaf.der))).toBe(parseCertificate(text));
    expect(parseCertificate(other).sha256).toBe(certificate.sha256);
    const spaced = text.replace("\n", "\n-\n");
    expect(() => parseCertificate(spaced)).toThrow(CaToolsError);
    for (let n = 0; n < 100; n += 1) {
      expect(orCaToolsError(() => parseCertificate(`${text}${n}`))?.sha256).toBe(leaf.sha256);
    }
  });

  it.each([
    ["PEM", () => certificate.pem],
    ["PEM with CRLF line ends", () => certificate.pem.replaceAll("\n", "\r\n")],
    ["PEM behind text", () => textOf(certificate) + certificate.pem],
    ["PEM as bytes", () => Buffer.from(certificate.pem)],
    ["PEM behind a byte order mark", () => `\uFEFF${certificate.pem}`],
    ["PEM behind a byte order mark, as bytes", () => Buffer.from(`\uFEFF${certificate.pem}`)],
    ["PEM behind text that begins like DER", () => Buffer.from(`0 s:CN=x\n${certificate.pem}`)],
    ["PEM behind a key", () => pem("PRIVATE KEY") + certificate.pem],
    ["DER", () => certificate.der],
  ])("reads %s", (_, input) => {
    expect(parseCertificate(input()).sha256).toBe(certificate.sha256);
  });

  it("gives thumbprints and serial number as openssl does", () => {
    const of = (digest: string) =>
      openssl(["x509", "-noout", "-fingerprint", `-${digest}`], undefined, certificate.pem)
        .split("=")[1]
        ?.trim()
        .replaceAll(":", "");
    expect(certificate.sha1).toBe(of("sha1"));
    expect(certificate.sha256).toBe(of("sha256"));
    expect(openssl(["x509", "-noout", "-serial"], undefined, certificate.pem).trim()).toBe(
      `serial=${certificate.serialNumber}`,
    );
  });

  it("reads what a leaf may do", () => {
    expect(leaf).toMatchObject({
      commonName: "dev-1",
      issuer: "CN=Factory Root CA",
      basicConstraints: { ca: false, pathLength: undefined },
      keyUsage: { digitalSignature: true, keyCertSign: false },
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"],
      authorityKeyIdentifier: certificate.subjectKeyIdentifier,
    });
  });

  it.each([
    ["month 13", "271332000000Z"],
    ["letters", "abcdefghijklZ"],
  ])("refuses a date with %s, which is no date to OpenSSL either", (_, date) => {
    // The signature does not matter here: dates are read before it is looked at.
    const der = Buffer.from(leaf.der);
    const utcTime = der.indexOf(Buffer.from([0x17, 0x0d]));
    der.write(date, utcTime + 2, "latin1");
    expect(() => parseCertificate(der)).toThrow(
      expect.objectContaining({ code: "invalid-certificate" }),
    );
  });

  it("reads version 1 and its lack of extensions", () => {
    const folder = scratch();
    const root = opensslIssue(folder, { subject: "/CN=Root", extensions: CA_EXTENSIONS });
    const old = opensslIssue(folder, { subject: "/CN=Old", extensions: [], issuer: root });
    expect(old.certificate).toMatchObject({
      version: 1,
      extensions: [],
      basicConstraints: undefined,
      keyUsage: undefined,
    });
    expect(root.certificate.version).toBe(3);
  });

  it("has no common name where there are two", () => {
    const subject = "/CN=one/CN=two";
    const made = opensslIssue(scratch(), { subject, extensions: CA_EXTENSIONS });
    expect(made.certificate.commonName).toBeUndefined();
  });

  it("reads the first of several blocks", () => {
    expect(parseCertificate(leaf.pem + certificate.pem).sha256).toBe(leaf.sha256);
  });

  it("names the algorithms as openssl does", () => {
    const folder = scratch();
    const algorithms = (...newKey: string[]) => {
      const files = ["-keyout", "k.pem", "-out", "c.pem", "-nodes", "-subj", "/CN=x"];
      openssl(["req", "-x509", "-newkey", ...newKey, ...files], folder);
      const made = parseCertificate(readFileSync(join(folder, "c.pem")));
      const [name] = made.signatureAlgorithm.split(/(?<=Pss)-/);
      expect(textOf(made)).toContain(`Signature Algorithm: ${name}\n`);
      return made.keyAlgorithm;
    };
    const curve = (name: string) => ["ec", "-pkeyopt", `ec_paramgen_curve:${name}`];
    expect(algorithms(...curve("P-384"), "-sha384")).toBe("ec-p384");
    expect(algorithms(...curve("P-521"), "-sha512")).toBe("ec-p521");
    expect(algorithms(...curve("secp256k1"))).toBe("ec-secp256k1");
    expect(algorithms("rsa:1024")).toBe("rsa-1024");
    expect(algorithms("rsa-pss", "-pkeyopt", "rsa_keygen_bits:1024")).toBe("rsa-pss-1024");
    expect(algorithms("ed25519")).toBe("ed25519");
    expect(leaf).toMatchObject({
      keyAlgorithm: "ec-p256",
      signatureAlgorithm: "ecdsa-with-SHA256",
    });
  });

  it("names the digest of RSASSA-PSS too", () => {
    const folder = scratch();
    const made = (...digest: string[]) => {
      const pss = ["-sigopt", "rsa_padding_mode:pss", ...digest];
      const files = ["-keyout", "k.pem", "-out", "c.pem", "-nodes", "-subj", "/CN=x"];
      openssl(["req", "-x509", "-newkey", "rsa:1024", ...pss, ...files], folder);
      return parseCertificate(readFileSync(join(folder, "c.pem"))).signatureAlgorithm;
    };
    expect(made("-sha384", "-sigopt", "rsa_pss_saltlen:20")).toBe("rsassaPss-SHA384");
    expect(made("-sha1")).toBe("rsassaPss-SHA1");
  });

  it.each([
    ["-5", "-05"],
    ["-1193046", "-123456"],
    ["7", "07"],
    ["4660", "1234"],
    ["0xF00000000000000000000000000000000000000B", "F00000000000000000000000000000000000000B"],
  ])("reads the serial number %s as %s, as openssl does", (number, shown) => {
    const folder = scratch();
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "k.pem"];
    const options = ["-nodes", "-subj", "/CN=x", "-set_serial", number, "-out", "c.pem"];
    openssl(["req", "-x509", ...key, ...options], folder);
    expect(openssl(["x509", "-noout", "-serial", "-in", "c.pem"], folder)).toBe(
      `serial=${shown}\n`,
    );
    expect(parseCertificate(readFileSync(join(folder, "c.pem"))).serialNumber).toBe(shown);
  });

  it("reads every key usage", () => {
    const all = [
      ...["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"],
      ...["keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"],
    ];
    for (const keyUsages of [all, ["decipherOnly"], ["keyAgreement", "cRLSign"]]) {
      const extensions = [`keyUsage=${keyUsages.join()}`];
      const made = opensslIssue(scratch(), { subject: "/CN=x", extensions });
      expect(made.certificate.keyUsages).toEqual(keyUsages);
    }
  });

  it("shows the subject alternative names of every form", () => {
    const names = "DNS:*.a.org,IP:10.0.0.1,IP:2001:db8::1,email:a@b.org,URI:https://a.org/b";
    const others = "RID:1.2.3,otherName:1.2.3;UTF8:x,dirName:dir";
    const extensions = [`subjectAltName=${names},${others}`, "[dir]", "O=Factory", "CN=a,b"];
    const made = opensslIssue(scratch(), { subject: "/CN=x", extensions });
    expect(made.certificate.subjectAlternativeNames).toEqual([
      { type: "dns", value: "*.a.org" },
      { type: "ip", value: "10.0.0.1" },
      { type: "ip", value: "2001:db8::1" },
      { type: "email", value: "a@b.org" },
      { type: "uri", value: "https://a.org/b" },
      { type: "other", value: "registeredID" },
      { type: "other", value: "otherName" },
      { type: "directory", value: "O=Factory, CN=a\\,b" },
    ]);
    expect(leaf.subjectAlternativeNames).toEqual([]);
  });

  const utf16 = (text: string, mark = "\uFEFF") => Buffer.from(mark + text, "utf16le");
  it.each<[string, () => string | Uint8Array, string]>([
    ["nothing", () => "", "is empty"],
    ["nothing, as bytes", () => new Uint8Array(), "is empty"],
    ["zero bytes", () => new Uint8Array(4096), "holds nothing but zero bytes"],
    ["zero bytes, as text", () => "\0".repeat(4096), "holds nothing but zero bytes"],
    ["text", () => "no certificate", "is not a certificate in PEM or DER form"],
    ["a block that is none", () => block("AAAA"), "is not a certificate in PEM or DER form"],
    ["a block cut off", () => leaf.pem.slice(0, 200), "is cut off"],
    ["a block cut off, as bytes", () => Buffer.from(leaf.pem.slice(0, -5)), "is cut off"],
    ["DER cut off", () => leaf.der.slice(0, -1), "is not a certificate"],
    ["DER and a byte more", () => Buffer.concat([leaf.der, Buffer.of(0)]), "is not a certificate"],
    ["two certificates in DER", () => Buffer.concat([leaf.der, leaf.der]), "is not a certificate"],
    ["a block with a byte more", () => block(base64(leaf.der, [0])), "is not a certificate"],
    ["UTF-16", () => utf16(leaf.pem), "is text in UTF-16"],
    ["UTF-16, the other way round", () => utf16(leaf.pem).swap16(), "is text in UTF-16"],
    ["UTF-16 that was read as UTF-8", () => utf16(leaf.pem).toString(), "is text in UTF-16"],
    ["a key", () => pem("PRIVATE KEY"), "is a private key, not a certificate"],
    ["an old key", () => pem("EC PRIVATE KEY"), "is a private key, not a certificate"],
    ["a public key", () => pem("PUBLIC KEY"), "is a public key, not a certificate"],
    [
      "a request",
      () => Buffer.from(pem("CERTIFICATE REQUEST")),
      "is a certificate signing request, not a certificate",
    ],
    ["a CRL", () => pem("X509 CRL"), "is a certificate revocation list, not a certificate"],
    [
      "more than the bound",
      () => new Uint8Array(MAX_CERTIFICATE_BYTES + 1),
      "is larger than 1024 KiB",
    ],
    [
      "more text than the bound",
      () => leaf.pem.padEnd(MAX_CERTIFICATE_BYTES + 1),
      "is larger than",
    ],
  ])("refuses %s, and says what it is and where", (_, input, says) => {
    expect(() => parseCertificate(input(), "certs/x.pem")).toThrow(
      expect.objectContaining({
        code: "invalid-certificate",
        file: "certs/x.pem",
        message: expect.stringMatching(new RegExp(`^certs/x.pem ${says}`)),
        hint: expect.stringMatching(/^(?:restore|give|save) /),
      }),
    );
  });

  it("shows nothing of a key that it was given", () => {
    const key = exportPrivateKeyPem(root.privateKey);
    for (const input of [key, Buffer.from(key), createPrivateKey(key).export(DER)]) {
      expect(() => parseCertificate(input)).toThrow(
        expect.toSatisfy((error: CaToolsError) => {
          const text = inspect(error, { depth: null });
          return !key.split("\n").some((line) => line.length > 20 && text.includes(line));
        }),
      );
    }
  });

  property.prop([fc.uint8Array({ maxLength: 400 })])("throws nothing but CaToolsError", (bytes) => {
    expect(() => parseCertificate(bytes)).toThrow(CaToolsError);
  });

  property.prop([fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.option(fc.nat())])(
    "reads damaged DER, or throws CaToolsError; the path search and the validator go on with it",
    (changes, cut) => {
      const der = Uint8Array.from(named.certificate.der);
      for (const [at, byte] of changes) der[at % der.length] = byte;
      const input = cut === null ? der : der.slice(0, cut % der.length);
      const read = orCaToolsError(() => parseCertificate(input));
      if (read === undefined) return;
      const now = new Date(read.notBefore.getTime() + 1);
      validatePath({ path: [leaf, read, certificate], now });
      validatePath({ path: [read, named.certificate, certificate], now, policy: "dps" });
      expect([...findPaths({ leaf: read, presented: [read], anchors: [certificate] })]).not.toEqual(
        [],
      );
    },
  );

  property.prop([fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 3 })])(
    "reads damaged PEM, or throws CaToolsError",
    (changes) => {
      const chain = leaf.pem + certificate.pem;
      const damaged = changes.reduce((text, [at, insert]) => {
        const start = at % text.length;
        return text.slice(0, start) + insert + text.slice(start + 1);
      }, chain);
      orCaToolsError(() => parseCertificate(damaged));
      orCaToolsError(() => parseCertificates(damaged));
      orCaToolsError(() => parseCertificate(Buffer.from(damaged)));
    },
  );
});

describe("parseCertificates", () => {
  it("reads a megabyte of beginnings without an end in no time", () => {
    const text = "-----BEGIN CERTIFICATE-----\n".repeat(37_000);
    expect(() => parseCertificates(text)).toThrow("is cut off");
  });

  it("reads a chain in its order", () => {
    const chain = parseCertificates(leaf.pem + certificate.pem);
    expect(chain.map(({ sha256 }) => sha256)).toEqual([leaf.sha256, certificate.sha256]);
  });

  it("refuses a chain of none, and one with a damaged link", () => {
    const invalid = expect.objectContaining({ code: "invalid-certificate" });
    expect(() => parseCertificates("")).toThrow(invalid);
    expect(() => parseCertificates(leaf.pem + block("AAAA"))).toThrow(invalid);
    expect(() => parseCertificates(leaf.pem + certificate.pem.slice(0, 200))).toThrow(invalid);
    expect(() => parseCertificates(certificate.pem.slice(0, 200) + leaf.pem)).toThrow(invalid);
  });
});
