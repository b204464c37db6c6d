import { generateKeyPairSync } from "node:crypto";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { rootCa } from "../testing/authority.ts";
import { openssl } from "../testing/openssl.ts";
import {
  algorithmOf,
  exportPrivateKeyPem,
  generateKeyPair,
  isKeyOf,
  parsePrivateKey,
} from "./keys.ts";

describe("generateKeyPair", () => {
  it("makes EC P-256 unless told otherwise", async () => {
    expect(algorithmOf((await generateKeyPair()).privateKey)).toBe("ec-p256");
  });

  it("leaves the event loop to others while it makes an RSA key", async () => {
    const order: string[] = [];
    const made = generateKeyPair("rsa-2048").then(() => order.push("key"));
    await new Promise((resolve) => setImmediate(resolve));
    order.push("something else");
    await made;
    expect(order).toEqual(["something else", "key"]);
  });
});

describe("algorithmOf", () => {
  it.each([
    generateKeyPairSync("ed25519").privateKey,
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey,
    generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey,
  ])("refuses keys that this toolkit does not sign with (%#)", (key) => {
    expect(() => algorithmOf(key)).toThrow(expect.objectContaining({ code: "invalid-key" }));
  });
});

describe("exportPrivateKeyPem", () => {
  it("writes PKCS#8 that openssl reads", async () => {
    const pem = exportPrivateKeyPem((await generateKeyPair()).privateKey);
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(openssl(["pkey", "-noout", "-check"], undefined, pem)).toContain("Key is valid");
  });
});

describe("parsePrivateKey", () => {
  it.each([
    ["PKCS#8", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["SEC1", ["ecparam", "-name", "prime256v1", "-genkey", "-noout"]],
    ["PKCS#1", ["genrsa", "-traditional", "2048"]],
  ])("reads %s", (_, args) => {
    expect(parsePrivateKey(openssl(args)).type).toBe("private");
  });

  it("reads CRLF line ends", () => {
    const pem = openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]);
    expect(parsePrivateKey(pem.replaceAll("\n", "\r\n")).type).toBe("private");
  });

  it("names the file and keeps its content to itself", () => {
    const secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    const parse = () => parsePrivateKey(secret, "private/x.key.pem");
    expect(parse).toThrow(
      expect.objectContaining({ code: "invalid-key", file: "private/x.key.pem" }),
    );
    expect(parse).not.toThrow(/c2VjcmV0/);
  });

  it("refuses an encrypted key", () => {
    const pem = openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]);
    const encrypted = openssl(
      ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:1234"],
      undefined,
      pem,
    );
    const hint = expect.stringContaining("openssl pkey");
    expect(() => parsePrivateKey(encrypted)).toThrow(
      expect.objectContaining({ code: "invalid-key", hint }),
    );
    expect(() => parsePrivateKey(encrypted)).toThrow("is encrypted");
  });

  property.prop([fc.string()])("throws nothing but CaToolsError", (text) => {
    expect(() => parsePrivateKey(text)).toThrow(CaToolsError);
  });
});

describe("isKeyOf", () => {
  it("tells a certificate's key from another", async () => {
    const [a, b] = [await rootCa("a"), await rootCa("b")];
    expect(isKeyOf(a.privateKey, a.certificate)).toBe(true);
    expect(isKeyOf(b.privateKey, a.certificate)).toBe(false);
  });

  it("tells keys of another kind apart", async () => {
    const { certificate } = await rootCa("a");
    expect(isKeyOf(generateKeyPairSync("ed25519").privateKey, certificate)).toBe(false);
  });
});
