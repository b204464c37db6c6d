import forge from "node-forge";
import { describe, expect, it } from "vitest";
import { decrypt, encrypt } from "./pbe-cipher.ts";

const key = Buffer.from("0123456789abcdef");
const iv = Buffer.from("initvect");
const cipher = { rc2Bits: 128 };

/** Encrypts whole blocks, with the padding that they end with. */
function rc2(blocks: string): Buffer {
  const cipherer = forge.rc2.createEncryptionCipher(key.toString("latin1"), cipher.rc2Bits);
  cipherer.start(iv.toString("latin1"));
  cipherer.update(forge.util.createBuffer(blocks));
  cipherer.finish(() => true);
  return Buffer.from(cipherer.output.getBytes(), "latin1");
}

describe("decrypt", () => {
  it("takes the padding off what RC2 encrypted", async () => {
    const plain = await decrypt({ cipher, key, iv }, rc2("plain\x03\x03\x03"));
    expect(plain?.toString()).toBe("plain");
  });

  it.each([
    ["a padding of nothing", () => rc2("plain\x03\x03\x00")],
    ["a padding of nine", () => rc2(`seven..${"\x09".repeat(9)}`)],
    ["a padding of different bytes", () => rc2("plain\x01\x02\x03")],
    ["half a block", () => rc2("plain\x03\x03\x03").subarray(0, 4)],
    ["nothing", () => Buffer.alloc(0)],
  ])("answers nothing for RC2 with %s", async (_, encrypted) => {
    expect(await decrypt({ cipher, key, iv }, encrypted())).toBeUndefined();
  });

  it("undoes encrypt, and answers nothing when it is damaged", async () => {
    const aes = { cipher: "aes-128-cbc", key, iv: Buffer.alloc(16) };
    const encrypted = encrypt(aes, Buffer.from("plain"));
    expect((await decrypt(aes, encrypted))?.toString()).toBe("plain");
    expect(await decrypt(aes, encrypted.subarray(1))).toBeUndefined();
  });
});
