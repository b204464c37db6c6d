/** What a certificate can say that no honest issuer writes. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BASIC_CONSTRAINTS,
  CA_TRUE,
  type DerCertificate,
  derCertificate,
  ECDSA_SHA256,
  extension,
  hex,
  integer,
  KEY_USAGE,
  oid,
  SIGNS_CERTIFICATES,
  sequence,
} from "../testing/der-certificate.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { generateKeyPair } from "./keys.ts";
import { isIssuedBy } from "./paths.ts";
import { validatePath } from "./validate.ts";

const [rootKeys, keys] = [await generateKeyPair(), await generateKeyPair()];
const now = new Date("2030-01-01");
const asRoot = { subject: "Root", privateKey: rootKeys.privateKey };

const make = (more: Partial<DerCertificate>): Certificate =>
  parseCertificate(
    derCertificate({ subject: "CA", keys, issuer: asRoot, extensions: [], ...more }),
  );
const root = make({
  subject: "Root",
  keys: rootKeys,
  extensions: [CA_TRUE, SIGNS_CERTIFICATES],
});

/** Findings of a device below a CA with these values, as one that came in a handshake. */
function verdict(basicConstraints: string, keyUsage: string): string[] {
  const ca = make({
    extensions: [
      extension(BASIC_CONSTRAINTS, hex(basicConstraints), true),
      extension(KEY_USAGE, hex(keyUsage), true),
    ],
  });
  const leaf = make({ subject: "dev-1", issuer: { ...keys, subject: "CA" } });
  return validatePath({ path: [leaf, ca, root], now, policy: "dps" }).map(({ code }) => code);
}

const TRUE = "30 03 01 01 ff";
const SIGNS = "03 02 01 06";

describe("what decides who may issue", () => {
  it.each([
    ["CA:TRUE and keyCertSign", TRUE, SIGNS, []],
    ["true as another byte than FF, as old programs write it", "30 03 01 01 01", SIGNS, []],
    ["nine bits of usage", TRUE, "03 03 07 06 80", []],
    ["CA:FALSE written out", "30 03 01 01 00", SIGNS, ["not-a-ca"]],
    ["a path length alone", "30 03 02 01 00", SIGNS, ["not-a-ca"]],
    ["a path length below zero", "30 06 01 01 ff 02 01 ff", SIGNS, ["path-too-long"]],
    ["no bit of usage", TRUE, "03 01 00", ["no-key-cert-sign"]],
    [
      "usage of 58 bits, which a double rounds to keyCertSign",
      TRUE,
      "03 09 06 88 00 00 00 00 00 00 40",
      ["no-key-cert-sign"],
    ],
  ])("is read to the bit: %s", (_, basicConstraints, keyUsage, codes) => {
    expect(verdict(basicConstraints, keyUsage)).toEqual(codes);
  });

  it.each([
    ["a boolean of two bytes", "30 04 01 02 00 ff", SIGNS],
    ["a boolean of none", "30 02 01 00", SIGNS],
    ["one element too many", "30 09 01 01 ff 02 01 00 02 01 05", SIGNS],
    ["bytes behind the end", "30 00 01 01 ff", SIGNS],
    ["an unknown length", "30 80 01 01 ff 00 00", SIGNS],
    ["a path length of five bytes", "30 0a 01 01 ff 02 05 01 00 00 00 00", SIGNS],
    ["an empty value", "", SIGNS],
    ["usage with bytes behind its end", TRUE, "03 02 01 06 05 00"],
    ["usage in pieces", TRUE, "23 04 03 02 01 06"],
    ["usage that is no string of bits", TRUE, "04 02 01 06"],
  ])("is not guessed: %s", (_, basicConstraints, keyUsage) => {
    expect(() => verdict(basicConstraints, keyUsage)).toThrow(
      expect.objectContaining({ code: "invalid-certificate" }),
    );
  });
});

describe("a signature", () => {
  it("counts only by the algorithm that it is signed to be of (RFC 5280 §4.1.1.2)", () => {
    const sha384 = sequence(oid("2a8648ce3d040303"));
    expect(isIssuedBy(make({}), root)).toBe(true);
    expect(isIssuedBy(make({ algorithms: [sha384, ECDSA_SHA256] }), root)).toBe(false);
  });

  it.each([
    ["md5", "2a864886f70d010104", "md5WithRSAEncryption"],
    ["sha1", "2a864886f70d010105", "sha1WithRSAEncryption"],
  ])("by %s makes no path, whoever asks; the anchor's own is not looked at", (digest, type, is) => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const issuer = { subject: "Old", privateKey: rsa.privateKey };
    const algorithm = sequence(oid(type), hex("0500"));
    const old = { issuer, digest, algorithms: [algorithm, algorithm] as const };
    const extensions = [CA_TRUE, SIGNS_CERTIFICATES];
    const path = [
      make({ ...old, subject: "dev-1" }),
      make({ ...old, subject: "Old", keys: rsa, extensions }),
    ];
    const message = `CN=dev-1 is signed with ${is}`;
    const finding = { code: "weak-signature", depth: 0, message };
    expect(validatePath({ path, now, policy: "dps" })).toEqual([finding]);
    expect(validatePath({ path, now })).toContainEqual(finding);
  });

  it.each([
    ["65537", true],
    ["4294967311", false],
  ])("by an RSA key of the exponent %s is tried: %s", (exponent, isTried) => {
    const folder = scratch();
    const options = ["rsa_keygen_bits:1024", `rsa_keygen_pubexp:${exponent}`];
    const chosen = options.flatMap((option) => ["-pkeyopt", option]);
    openssl(["genpkey", "-algorithm", "RSA", ...chosen, "-out", "rsa.key"], folder);
    const privateKey = createPrivateKey(readFileSync(join(folder, "rsa.key")));
    const sha256 = sequence(oid("2a864886f70d01010b"), hex("0500"));
    const slow = {
      issuer: { subject: "Slow", privateKey },
      algorithms: [sha256, sha256] as const,
    };
    const ca = make({ ...slow, subject: "Slow", keys: { publicKey: createPublicKey(privateKey) } });
    expect(isIssuedBy(make(slow), ca)).toBe(isTried);
  });
});

describe("a certificate larger than any that is met", () => {
  it("is refused before it is read: the reader's time grows with the square", () => {
    const extensions = [extension(BASIC_CONSTRAINTS, sequence(integer(Buffer.alloc(700_000, 1))))];
    const started = performance.now();
    expect(() => make({ extensions })).toThrow(
      expect.objectContaining({
        code: "invalid-certificate",
        message: "the input holds a certificate that is larger than 100 KiB, the most that is read",
      }),
    );
    expect(performance.now() - started).toBeLessThan(200);
  });

  it("leaves one alone that is merely large", () => {
    const odd = extension("2a03", Buffer.alloc(90_000));
    expect(make({ extensions: [odd] }).subject).toBe("CN=CA");
  });
});
