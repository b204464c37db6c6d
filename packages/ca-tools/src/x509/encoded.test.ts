import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isSignedBy } from "./encoded.ts";
import { generateKeyPair } from "./keys.ts";

const NONE = new Uint8Array();

describe("isSignedBy", () => {
  it("takes a signature for none whose algorithm is of other keys, or proves nothing", async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const signed = Buffer.from("text");
    const by = (signatureAlgorithm: string, signature: Uint8Array) =>
      isSignedBy({ signed, signatureAlgorithm, algorithm: NONE, signature }, publicKey);
    const signature = sign("sha256", signed, privateKey);
    expect(by("ecdsa-with-SHA256", signature)).toBe(true);
    expect(by("ecdsa-with-SHA384", signature)).toBe(false);
    expect(by("sha256WithRSAEncryption", signature)).toBeUndefined();
    expect(by("ecdsa-with-SHA1", sign("sha1", signed, privateKey))).toBeUndefined();
  });
});
