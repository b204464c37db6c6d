import { readFileSync } from "node:fs";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { issue, rootCa } from "../testing/authority.ts";
import { openssl, textOf } from "../testing/openssl.ts";
import { CA_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { scratch } from "../testing/scratch.ts";
import type { Certificate } from "./certificate.ts";
import { Name } from "./library.ts";
import { commonNameSubject, nameKey } from "./names.ts";
import { isIssuedBy } from "./paths.ts";

/** DER of a certificate's subject and issuer as openssl cuts them out. */
function nameBytes(folder: string, { pem }: Certificate, which: "subject" | "issuer"): string {
  const parsed = openssl(["asn1parse", "-i"], undefined, pem).split("\n");
  // TBSCertificate's children stand at depth 2: version, serial, signature, issuer, validity, subject.
  const children = parsed.filter((line) => /d=2 /.test(line));
  const at = /^\s*(\d+)/.exec(children[which === "issuer" ? 3 : 5] ?? "")?.[1] ?? "";
  const out = `${folder}/name.der`;
  openssl(["asn1parse", "-strparse", at, "-noout", "-out", out], undefined, pem);
  return readFileSync(out).toString("hex");
}

describe("commonNameSubject", () => {
  it.each([
    "a,b",
    "#dev",
    'a"b"c',
    "a\\b",
    "a+b=c",
    " a ",
    "日本語のデバイス",
    "x".repeat(64),
    "😀".repeat(64),
  ])("keeps %j as one common name", async (commonName) => {
    const { certificate } = await rootCa(commonName);
    expect(certificate.commonName).toBe(commonName);
    const shown = certificate.x509.toLegacyObject().subject as unknown as { CN: string };
    expect(shown.CN).toBe(commonName);
    const text = textOf(certificate);
    expect(text.match(/Subject: (.*)/)?.[1]).toMatch(/^CN=[^+]*/);
    expect(text).not.toContain("undefined");
  });

  property.prop([fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" })])(
    "reads back whatever it was given",
    (commonName) => {
      expect(commonNameSubject(commonName).getField("CN")).toEqual([commonName]);
    },
  );
});

describe("the issuer of what a CA signs", () => {
  it.each([
    ["UTF8String", { stringMask: "utf8only" }, "/CN=Factory CA"],
    ["PrintableString", { stringMask: "default" }, "/C=DE/O=Factory/CN=Factory CA"],
    ["TeletexString", { stringMask: "nombstr" }, "/O=Factory & Sons/CN=Factory* CA"],
    ["two attributes in one part", { stringMask: "utf8only" }, "/O=Factory/CN=CA+OU=Line 1"],
    ["non-ASCII UTF8String", { stringMask: "utf8only", utf8: true }, "/CN=Fábrica ñ 工場"],
  ] as const)("is the CA's subject byte for byte: %s", async (_, encoding, subject) => {
    const folder = scratch();
    const ca = opensslIssue(folder, { subject, extensions: CA_EXTENSIONS, ...encoding });
    const now = Date.now();
    const { certificate } = await issue("dev-1", ca, {
      profile: "device",
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + 60_000),
    });
    expect(nameBytes(folder, certificate, "issuer")).toBe(
      nameBytes(folder, ca.certificate, "subject"),
    );
    expect(isIssuedBy(certificate, ca.certificate)).toBe(true);
  });
});

describe("nameKey", () => {
  const key = (name: string) => nameKey(commonNameSubject(name));

  it("does not tell letter case, white space or string types apart", () => {
    const folder = scratch();
    const printable = opensslIssue(folder, {
      subject: "/CN=Factory CA",
      extensions: CA_EXTENSIONS,
      stringMask: "default",
    });
    expect(printable.certificate.subjectKey).toBe(key("factory   ca"));
  });

  it("tells other names apart", () => {
    expect(new Set(["a", "b", "a,b", "a+CN=b", "CN=a", ""].map(key)).size).toBe(6);
  });

  it("does not count white space at the ends of a value", () => {
    expect(key(" Factory CA ")).toBe(key("Factory CA"));
  });

  it("is not led astray by characters that fold into quotes", () => {
    expect(key("a\uFF02,\uFF02b")).toBe(key('a","b'));
    expect(key("a\uFF02")).not.toBe(key("a"));
    const two = new Name([{ CN: [{ utf8String: "a" }, { utf8String: "b" }] }]);
    expect(nameKey(two)).not.toBe(key('a","b'));
  });

  it("may fold more than it should, for a signature is checked wherever it is used", async () => {
    const kelvin = await rootCa("\u212Aelvin CA");
    const plain = await rootCa("Kelvin CA");
    expect(kelvin.certificate.subjectKey).toBe(plain.certificate.subjectKey);
    const { certificate } = await issue("dev-1", kelvin, { profile: "device" });
    expect(isIssuedBy(certificate, kelvin.certificate)).toBe(true);
    expect(isIssuedBy(certificate, plain.certificate)).toBe(false);
  });
});
