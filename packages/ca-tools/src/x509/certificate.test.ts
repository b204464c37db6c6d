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

let certificate: Certificate;
let leaf: Certificate;

beforeAll(async () => {
  const root = await rootCa("Factory Root CA");
  certificate = root.certificate;
  leaf = (await issue("dev-1", root, { profile: "device" })).certificate;
});

describe("parseCertificate", () => {
  it.each([
    ["PEM", () => certificate.pem],
    ["PEM with CRLF line ends", () => certificate.pem.replaceAll("\n", "\r\n")],
    ["PEM behind text", () => textOf(certificate) + certificate.pem],
    ["PEM as bytes", () => Buffer.from(certificate.pem)],
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

  it.each([
    ["nothing", ""],
    ["text", "no certificate"],
    ["a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
    ["a block that is none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["a block without an end", "-----BEGIN CERTIFICATE-----\nAAAA\n"],
    ["more than the bound", new Uint8Array(MAX_CERTIFICATE_BYTES + 1)],
  ])("refuses %s, and names the file", (_, input) => {
    expect(() => parseCertificate(input, "certs/x.pem")).toThrow(
      expect.objectContaining({ code: "invalid-certificate", file: "certs/x.pem" }),
    );
  });

  property.prop([fc.uint8Array({ maxLength: 400 })])("throws nothing but CaToolsError", (bytes) => {
    expect(() => parseCertificate(bytes)).toThrow(CaToolsError);
  });

  property.prop([fc.nat(), fc.nat(255), fc.boolean()])(
    "reads damaged DER, or throws CaToolsError",
    (at, byte, isCut) => {
      const der = Uint8Array.from(leaf.der);
      der[at % der.length] = byte;
      const input = isCut ? der.slice(0, at % der.length) : der;
      try {
        expect(parseCertificate(input).der.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(CaToolsError);
      }
    },
  );
});

describe("parseCertificates", () => {
  it("reads a chain in its order", () => {
    const chain = parseCertificates(leaf.pem + certificate.pem);
    expect(chain.map(({ sha256 }) => sha256)).toEqual([leaf.sha256, certificate.sha256]);
  });

  it("refuses a chain of none, and one with a damaged link", () => {
    const invalid = expect.objectContaining({ code: "invalid-certificate" });
    expect(() => parseCertificates("")).toThrow(invalid);
    const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(() => parseCertificates(leaf.pem + damaged)).toThrow(invalid);
  });
});
