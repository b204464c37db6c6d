import { createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { rootCa } from "../testing/authority.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import {
  algorithmOf,
  exportPrivateKeyPem,
  generateKeyPair,
  generateKeyPairs,
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

describe("generateKeyPairs", () => {
  it("makes RSA pairs side by side while the event loop turns", async () => {
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const pairs = await generateKeyPairs("rsa-2048", 2);
    isDone = true;
    // A call that held the event loop would leave it one or two turns.
    expect(turns).toBeGreaterThan(10);
    const [first, second] = pairs.map(({ publicKey }) => publicKey);
    expect(pairs.map(({ privateKey }) => algorithmOf(privateKey))).toEqual([
      "rsa-2048",
      "rsa-2048",
    ]);
    expect(second && first?.equals(second)).toBe(false);
  });

  it("makes none when none is wanted", async () => {
    expect(await generateKeyPairs("ec-p256", 0)).toEqual([]);
  });
});

describe("algorithmOf", () => {
  const { privateKey: pss } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });

  it.each<[string, () => KeyObject]>([
    ["ed25519", () => generateKeyPairSync("ed25519").privateKey],
    ["ed448", () => generateKeyPairSync("ed448").privateKey],
    ["ec secp256k1", () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey],
  ])("refuses %s keys, which attestation does not document", (kind, make) => {
    const message = expect.stringMatching(
      `${kind} are not supported: .*documents RSA and the NIST`,
    );
    const refused = { code: "unsupported-key", message, hint: expect.stringContaining("ec-p256") };
    expect(() => algorithmOf(make())).toThrow(expect.objectContaining(refused));
  });

  it("refuses a curve that is written out as numbers, as a private key and as a public one", () => {
    const explicit = { namedCurve: "prime256v1", paramEncoding: "explicit" } as const;
    const { privateKey, publicKey } = generateKeyPairSync("ec", explicit);
    const message = expect.stringContaining("with its curve written out as numbers");
    for (const key of [privateKey, publicKey, privateKey]) {
      expect(() => algorithmOf(key)).toThrow(
        expect.objectContaining({ code: "unsupported-key", message }),
      );
    }
    const plain = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    expect([plain.privateKey, plain.publicKey].map((key) => algorithmOf(key))).toEqual([
      "ec-p256",
      "ec-p256",
    ]);
  });

  it.each<[string, () => KeyObject]>([
    ["ec secp521r1", () => generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey],
    ["rsa 1024", () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
    ["rsa-pss 2048", () => pss],
    ["secret", () => createSecretKey(Buffer.alloc(16))],
  ])("refuses %s keys, which this toolkit does not sign with", (kind, make) => {
    const message = expect.stringContaining(`keys of the kind ${kind} are not supported`);
    const refused = { code: "unsupported-key", message, file: "ca.key.pem" };
    expect(() => algorithmOf(make(), "ca.key.pem")).toThrow(expect.objectContaining(refused));
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

  it.each([
    ["PKCS#8", ["pkcs8", "-topk8", "-v2", "aes-256-cbc"]],
    ["the old form", ["ec", "-aes256"]],
  ])("refuses an encrypted key in %s, and says what reads it", (_, args) => {
    const pem = openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]);
    const folder = scratch();
    writeFileSync(join(folder, "password"), "1234");
    const encrypted = openssl([...args, "-passout", "file:password"], folder, pem);
    const hint = expect.stringContaining("readPrivateKey");
    expect(() => parsePrivateKey(encrypted, "ca.key.pem")).toThrow(
      expect.objectContaining({ code: "password-required", hint, file: "ca.key.pem" }),
    );
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
