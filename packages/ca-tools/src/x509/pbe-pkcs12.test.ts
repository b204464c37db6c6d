import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it, vi } from "vitest";
import { passwordEncodings } from "./pbe-password.ts";
import { derivePkcs12 } from "./pbe-pkcs12.ts";

const bmp = (password: string) => passwordEncodings(password)[0]?.bmp ?? Buffer.alloc(0);

describe("derivePkcs12", () => {
  // The vectors that cryptographic libraries have handed on since PKCS #12 v1.0.
  it.each([
    ["smeg", "0a58cf64530d823f", "key", 1, 24, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"],
    ["smeg", "0a58cf64530d823f", "iv", 1, 8, "79993dfe048d3b76"],
    ["smeg", "3d83c0e4546ac140", "mac", 1, 20, "8d967d88f6caa9d714800ab3d48051d63f73a312"],
    [
      "queeg",
      "05dec959acff72f7",
      "key",
      1000,
      24,
      "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4",
    ],
  ] as const)(
    "of %s with salt %s gives the %s",
    async (password, salt, purpose, rounds, size, hex) => {
      const input = { hash: "sha1", purpose, rounds, size } as const;
      const derived = await derivePkcs12({
        ...input,
        password: bmp(password),
        salt: Buffer.from(salt, "hex"),
      });
      expect(derived.toString("hex")).toBe(hex);
    },
  );

  property.prop([fc.integer({ min: 1, max: 90 }), fc.uint8Array({ maxLength: 80 })])(
    "gives the beginning of what it gives for a larger size",
    async (size, salt) => {
      const input = { hash: "sha384", purpose: "key", rounds: 2, password: bmp("a") } as const;
      const whole = await derivePkcs12({ ...input, salt, size: 100 });
      const part = await derivePkcs12({ ...input, salt, size });
      expect(part).toEqual(whole.subarray(0, size));
    },
  );

  it("lets go of the event loop on the way", async () => {
    const turn = vi.fn();
    const timer = setImmediate(turn);
    const input = { hash: "sha256", purpose: "mac", size: 32, salt: Buffer.alloc(8) } as const;
    await derivePkcs12({ ...input, password: bmp("a"), rounds: 10_000 });
    clearImmediate(timer);
    expect(turn).toHaveBeenCalled();
  });
});

describe("passwordEncodings", () => {
  it("writes surrogate pairs as such, and ends with a NUL", () => {
    expect(bmp("é😀").toString("hex")).toBe("00e9d83dde000000");
  });

  it("knows two encodings of the empty password", () => {
    expect(passwordEncodings("").map((each) => each.bmp.length)).toEqual([2, 0]);
  });
});
