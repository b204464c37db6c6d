import { createPublicKey, verify, webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generateKeyPair } from "./keys.ts";
import { provider, signingKey } from "./provider.ts";

const DATA = Buffer.from("signed");
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

const spkiOf = async (key: webcrypto.CryptoKey) =>
  createPublicKey({
    key: Buffer.from(await provider.subtle.exportKey("spki", key)),
    format: "der",
    type: "spki",
  });

describe("the provider", () => {
  it.each([
    ["ec-p256", "sha256"],
    ["ec-p384", "sha384"],
    ["rsa-2048", "sha256"],
  ] as const)("signs with %s what node:crypto verifies", async (algorithm, hash) => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm);
    const { key, algorithm: parameters } = await signingKey(privateKey);
    const signature = await provider.subtle.sign(parameters, key, DATA);
    const checked = { key: publicKey, dsaEncoding: "ieee-p1363" as const };
    expect(verify(hash, DATA, checked, Buffer.from(signature))).toBe(true);
  });

  it("signs with keys that the library imports itself", async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const key = await provider.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    const signature = await provider.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, DATA);
    const checked = { key: publicKey, dsaEncoding: "ieee-p1363" as const };
    expect(verify("sha256", DATA, checked, Buffer.from(signature))).toBe(true);
  });

  it.each([
    ["EC P-256", { name: "ECDSA", namedCurve: "P-256" }, "ec"],
    ["EC P-384", { name: "ECDSA", namedCurve: "P-384" }, "ec"],
    ["RSA", RSA, "rsa"],
  ])("makes %s keys", async (_, algorithm, kind) => {
    const usages: webcrypto.KeyUsage[] = ["sign", "verify"];
    const made = await provider.subtle.generateKey(algorithm as never, true, usages);
    const { publicKey } = made as unknown as webcrypto.CryptoKeyPair;
    expect((await spkiOf(publicKey)).asymmetricKeyType).toBe(kind);
  });

  it("leaves the event loop to others while it makes an RSA key", async () => {
    const order: string[] = [];
    const made = provider.subtle
      .generateKey(RSA as never, true, ["sign", "verify"])
      .then(() => order.push("key"));
    // A synchronous provider would have its key ready before the loop turns.
    await new Promise((resolve) => setImmediate(resolve));
    order.push("something else");
    await made;
    expect(order).toEqual(["something else", "key"]);
  });

  it.each([
    ["a curve", { name: "ECDSA", namedCurve: "P-521" }],
    ["a digest", { ...RSA, hash: "SHA-512" }],
  ])("passes on %s that is not ours", async (_, algorithm) => {
    const usages: webcrypto.KeyUsage[] = ["sign", "verify"];
    const pair = await provider.subtle.generateKey(algorithm as never, true, usages);
    const { privateKey, publicKey } = pair as unknown as webcrypto.CryptoKeyPair;
    const parameters = { name: algorithm.name, hash: "SHA-512" };
    const signature = await provider.subtle.sign(parameters, privateKey, DATA);
    const key = await spkiOf(publicKey);
    const checked = { key, dsaEncoding: "ieee-p1363" as const };
    expect(verify("sha512", DATA, checked, Buffer.from(signature))).toBe(true);
  });

  it("passes on what it does not do at all", async () => {
    const digest = await provider.subtle.digest("SHA-256", DATA);
    const expected = await webcrypto.subtle.digest("SHA-256", DATA);
    expect(Buffer.from(digest)).toEqual(Buffer.from(expected));
  });
});
