import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { element } from "../x509/der-write.ts";
import { writeCertificate } from "./write-certificate.ts";

const signatureAlgorithm = Uint8Array.of(0x30, 0x01, 0x05);

/** Holds the certificate of so many bytes against one put together by other code. */
function check(signedBytes: number, signatureBytes: number): void {
  const signed = Buffer.alloc(signedBytes, 1);
  const signature = Buffer.alloc(signatureBytes, 2);
  const bits = element(0x03, Buffer.of(0), signature);
  const expected = element(0x30, signed, signatureAlgorithm, bits);
  const out = Buffer.alloc(expected.length + 1);
  expect(writeCertificate(out, 1, { signed, signatureAlgorithm, signature })).toBe(out.length);
  expect(out.subarray(1).equals(expected)).toBe(true);
}

describe("writeCertificate", () => {
  it.each([
    ["127 and 128", 0x7f],
    ["255 and 256", 0xff],
    ["65535 and 65536", 0xffff],
  ])("writes whole lengths and signatures of %s bytes", (_, last) => {
    for (const length of [last - 1, last, last + 1]) {
      check(length - signatureAlgorithm.length - 3, 0);
      check(0, length);
    }
  });

  property.prop([fc.nat(700), fc.nat(600)])("writes any length", check);
});
