import { createECDH, createPrivateKey, createPublicKey } from "node:crypto";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { PRIVATE_KEY_BYTES, p256Keys, writePrivateKey } from "./device-key.ts";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const bytesOf = (digits: string) => Uint8Array.from(Buffer.from(digits, "hex"));

describe("writePrivateKey", () => {
  property.prop([fc.bigInt({ min: 1n, max: ORDER - 1n }), fc.integer({ min: 0, max: 31 })])(
    "writes byte for byte what OpenSSL does, also where Node leaves out leading zeros",
    (number, shift) => {
      const drawn = number >> BigInt(shift * 8) || 1n;
      const digits = drawn.toString(16);
      const scalar = bytesOf(digits.length % 2 === 0 ? digits : `0${digits}`);
      const ecdh = createECDH("prime256v1");
      ecdh.setPrivateKey(scalar);
      const out = new Uint8Array(PRIVATE_KEY_BYTES + 2).fill(0xaa);
      writePrivateKey(out, 1, { scalar, point: ecdh.getPublicKey() });
      const der = Buffer.from(out.subarray(1, -1));
      const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
      expect(key.export({ type: "pkcs8", format: "der" })).toEqual(der);
      expect(
        BigInt(
          `0x${Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url").toString("hex")}`,
        ),
      ).toBe(drawn);
      expect([out[0], out.at(-1)]).toEqual([0xaa, 0xaa]);
    },
  );
});

describe("p256Keys", () => {
  it("makes another key each time, with the point of its public key", () => {
    const newKey = p256Keys();
    const out = Buffer.alloc(3 * PRIVATE_KEY_BYTES);
    const points = [0, 1, 2].map((index) => newKey(out, index * PRIVATE_KEY_BYTES).toString("hex"));
    const inside = [0, 1, 2].map((index) => {
      const key = out.subarray(index * PRIVATE_KEY_BYTES, (index + 1) * PRIVATE_KEY_BYTES);
      const spki = createPublicKey(createPrivateKey({ key, format: "der", type: "pkcs8" }));
      return spki.export({ type: "spki", format: "der" }).subarray(-65).toString("hex");
    });
    expect(inside).toEqual(points);
    expect(new Set(points).size).toBe(3);
  });
});
