import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { EncryptedData, EncryptedPrivateKeyInfo } from "@peculiar/asn1-pkcs8";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { CaToolsError } from "../errors.ts";
import { openssl } from "../testing/openssl.ts";
import { certtool, has } from "../testing/programs.ts";
import { scratch } from "../testing/scratch.ts";
import { exportPrivateKeyPem, generateKeyPair } from "./keys.ts";
import { withParameters } from "./pbe-pbes2.ts";
import { Pbes2Parameters, Pbkdf2Parameters, ScryptParameters } from "./pbe-schema.ts";
import {
  encryptPrivateKey,
  KEY_DERIVATION_ROUNDS,
  MAX_PRIVATE_KEY_BYTES,
  readPrivateKey,
} from "./private-key.ts";

const PASSWORD = "pass wörd €😀";
const password = () => Promise.resolve(PASSWORD);
const ask = () => vi.fn(password);

let ec: KeyObject;
let rsa: KeyObject;

beforeAll(async () => {
  ec = (await generateKeyPair()).privateKey;
  rsa = (await generateKeyPair("rsa-2048")).privateKey;
});

/** A folder with the two keys, the password, and openssl in it. */
function folder() {
  const path = scratch();
  const at = (name: string) => join(path, name);
  writeFileSync(at("ec"), exportPrivateKeyPem(ec));
  writeFileSync(at("rsa"), exportPrivateKeyPem(rsa));
  writeFileSync(at("password"), PASSWORD);
  const make = (args: string) => {
    openssl([...args.split(" "), "-out", "made"], path);
    return readFileSync(at("made"));
  };
  return { path, at, make };
}

const keyNamed = (name: string) => (name === "rsa" ? rsa : ec);

describe("readPrivateKey of an unencrypted key", () => {
  const FORMS: [string, string, string][] = [
    ["PKCS#8", "ec", "pkey -in ec"],
    ["SEC1", "ec", "ec -in ec"],
    ["PKCS#8 of RSA", "rsa", "pkey -in rsa"],
    ["PKCS#1", "rsa", "rsa -in rsa -traditional"],
  ];

  it.each(FORMS)("reads %s as PEM and as DER", async (_, name, args) => {
    const { make } = folder();
    const pem = make(args).toString();
    for (const input of [pem, Buffer.from(pem), make(`${args} -outform DER`)]) {
      expect((await readPrivateKey(input)).equals(keyNamed(name))).toBe(true);
    }
  });

  it("leaves the caller's bytes as they are", async () => {
    const der = ec.export({ type: "pkcs8", format: "der" });
    await readPrivateKey(der);
    expect((await readPrivateKey(der)).equals(ec)).toBe(true);
  });

  it.each<[string, (pem: string) => string]>([
    ["CRLF line ends", (pem) => pem.replaceAll("\n", "\r\n")],
    ["text around it", (pem) => `Key of the factory\n${pem}\nThe end\n`],
    ["a certificate before it", (pem) => `${block("CERTIFICATE")}${pem}`],
    ["EC PARAMETERS before it", (pem) => `${block("EC PARAMETERS")}${pem}`],
    ["another key behind it", (pem) => pem + exportPrivateKeyPem(rsa)],
    ["DER with trailing bytes", (pem) => pem.replace("\n-----END", "AAAA\n-----END")],
  ])("reads PEM with %s", async (_, change) => {
    expect((await readPrivateKey(change(exportPrivateKeyPem(ec)))).equals(ec)).toBe(true);
  });

  it.each<[string, () => string | Uint8Array]>([
    ["nothing", () => ""],
    ["no bytes", () => new Uint8Array()],
    ["NULs", () => new Uint8Array(300)],
    ["text", () => "no key"],
    ["a certificate", () => block("CERTIFICATE")],
    ["a block that holds none", () => block("PRIVATE KEY")],
    ["an encrypted block that holds none", () => block("ENCRYPTED PRIVATE KEY")],
    ["PEM without an end", () => exportPrivateKeyPem(ec).split("-----END")[0] ?? ""],
    ["DER that is cut short", () => ec.export({ type: "pkcs8", format: "der" }).subarray(0, 60)],
    ["more than the bound", () => exportPrivateKeyPem(ec).padEnd(MAX_PRIVATE_KEY_BYTES + 1)],
  ])("refuses %s, and names the file", async (_, input) => {
    const file = "private/x.key.pem";
    await expect(
      readPrivateKey(input(), { file, remedy: "the folder", password }),
    ).rejects.toMatchObject({ code: "invalid-key", file, hint: "restore the folder" });
  });

  it("reads a text of a million beginnings without an end in no time", async () => {
    const text = "-----BEGIN PRIVATE KEY-----\n".repeat(37_000);
    await expect(readPrivateKey(text)).rejects.toMatchObject({ code: "invalid-key" });
  });

  it.each<[string, () => string]>([
    ["Ed25519", () => exportPrivateKeyPem(generateKeyPairSync("ed25519").privateKey)],
    ["secp256k1", () => exportPrivateKeyPem(curve("secp256k1"))],
    ["P-521", () => exportPrivateKeyPem(curve("secp521r1"))],
    ["old DSA", () => block("DSA PRIVATE KEY")],
    ["OpenSSH", () => block("OPENSSH PRIVATE KEY")],
  ])("refuses a key of %s as one that it does not sign with", async (_, pem) => {
    const file = "private/x.key.pem";
    await expect(readPrivateKey(pem(), { file })).rejects.toMatchObject({
      code: "unsupported-key",
      file,
      message: expect.stringContaining(file),
    });
  });
});

const block = (label: string) => `-----BEGIN ${label}-----\nMAMCAQE=\n-----END ${label}-----\n`;
const curve = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;

describe("readPrivateKey of an encrypted key", () => {
  const PKCS8 = "pkcs8 -topk8 -passout file:password -in";
  const CASES: [string, string][] = [
    ["AES-128-CBC", `${PKCS8} ec -v2 aes-128-cbc`],
    ["AES-192-CBC", `${PKCS8} ec -v2 aes-192-cbc`],
    ["AES-256-CBC", `${PKCS8} rsa -v2 aes-256-cbc`],
    ["3DES", `${PKCS8} ec -v2 des3`],
    ["PBKDF2 with SHA-1", `${PKCS8} ec -v2 aes-256-cbc -v2prf hmacWithSHA1`],
    ["PBKDF2 with SHA-224", `${PKCS8} ec -v2 aes-256-cbc -v2prf hmacWithSHA224`],
    ["PBKDF2 with SHA-384", `${PKCS8} ec -v2 aes-256-cbc -v2prf hmacWithSHA384`],
    ["PBKDF2 with SHA-512", `${PKCS8} ec -v2 aes-256-cbc -v2prf hmacWithSHA512`],
    ["20,000 rounds", `${PKCS8} ec -v2 aes-256-cbc -iter 20000`],
    ["scrypt", `${PKCS8} ec -scrypt -scrypt_N 1024`],
    ["PKCS #12's 3DES", `${PKCS8} ec -v1 PBE-SHA1-3DES`],
    ["old PEM with AES-256", "ec -aes256 -passout file:password -in ec"],
    ["old PEM with AES-128 of RSA", "rsa -traditional -aes128 -passout file:password -in rsa"],
    ["old PEM with 3DES", "ec -des3 -passout file:password -in ec"],
  ];

  it.each(CASES)("reads %s, asks once, and tells a wrong password", async (_, args) => {
    const pem = folder().make(args);
    const source = ask();
    const key = await readPrivateKey(pem, { file: "ca.key.pem", password: source });
    expect(
      key.equals(keyNamed(args.includes("rsa -") || args.endsWith("rsa") ? "rsa" : "ec")),
    ).toBe(true);
    expect(source.mock.calls).toEqual([["ca.key.pem"]]);
    const file = "ca.key.pem";
    for (const wrong of ["1234", "", "x".repeat(2000)]) {
      const answer = () => Promise.resolve(wrong);
      await expect(readPrivateKey(pem, { file, password: answer })).rejects.toMatchObject({
        code: "wrong-password",
        file,
      });
    }
    const none = () => Promise.resolve(undefined);
    for (const options of [{ file }, { file, password: none }]) {
      await expect(readPrivateKey(pem, options)).rejects.toMatchObject({
        code: "password-required",
        file,
      });
    }
  });

  it("reads DER, and CRLF line ends in both forms", async () => {
    const { make } = folder();
    const args = `${PKCS8} ec -v2 aes-256-cbc`;
    const old = make("ec -aes256 -passout file:password -in ec");
    for (const input of [
      make(`${args} -outform DER`),
      make(args).toString().replaceAll("\n", "\r\n"),
      old.toString().replaceAll("\n", "\r\n"),
    ]) {
      expect((await readPrivateKey(input, { password })).equals(ec)).toBe(true);
    }
  });

  it("reads what was encrypted with the empty password", async () => {
    const { make, at } = folder();
    writeFileSync(at("password"), "\n");
    for (const args of ["-v2 aes-256-cbc", "-v1 PBE-SHA1-3DES"]) {
      const pem = make(`${PKCS8} ec ${args}`);
      const key = await readPrivateKey(pem, { password: () => Promise.resolve("") });
      expect(key.equals(ec)).toBe(true);
    }
  });

  it("asks for no password where none is needed", async () => {
    const source = ask();
    await readPrivateKey(exportPrivateKeyPem(ec), { password: source });
    expect(source).not.toHaveBeenCalled();
  });

  it("passes on what the source of the password throws", async () => {
    const pem = await encryptPrivateKey(ec, PASSWORD, { rounds: 1 });
    const refused = () => Promise.reject(new Error("no terminal"));
    await expect(readPrivateKey(pem, { password: refused })).rejects.toThrow("no terminal");
  });

  it.each<[string, () => AlgorithmIdentifier]>([
    ["10,000,001 rounds", () => pbkdf2(10_000_001)],
    ["2^40 rounds", () => pbkdf2(2 ** 40)],
    ["no rounds", () => pbkdf2(0)],
    ["scrypt with 512 MiB", () => scrypt(2 ** 19, 8, 1)],
    ["scrypt with 100 lanes", () => scrypt(2 ** 10, 8, 100)],
    ["scrypt that is out of order", () => scrypt(1000, 8, 1)],
    ["a derivation of another kind", () => pbes2(new AlgorithmIdentifier({ algorithm: "1.2.3" }))],
    ["a method of another kind", () => new AlgorithmIdentifier({ algorithm: "1.2.3" })],
  ])("refuses %s before it asks for the password", async (_, algorithm) => {
    const source = ask();
    const read = readPrivateKey(encryptedWith(algorithm()), { password: source });
    await expect(read).rejects.toMatchObject({ code: "unsupported-key" });
    expect(source).not.toHaveBeenCalled();
  });

  it("refuses a number of rounds that is a million bits long, in no time", async () => {
    const parameters = new Pbkdf2Parameters();
    const marker = 0x123456;
    parameters.rounds = marker;
    const der = Buffer.from(AsnConvert.serialize(parameters)).toString("hex");
    const digits = 120_000;
    const long = der.replace(
      "0203123456",
      `0283${digits.toString(16).padStart(6, "0")}${"7f".repeat(digits)}`,
    );
    const [, , ...body] = Buffer.from(long, "hex");
    const length = body.length.toString(16).padStart(6, "0");
    const algorithm = new AlgorithmIdentifier({
      algorithm: "1.2.840.113549.1.5.12",
      parameters: new Uint8Array(
        Buffer.concat([Buffer.from(`3083${length}`, "hex"), Buffer.from(body)]),
      ).buffer,
    });
    const read = readPrivateKey(encryptedWith(pbes2(algorithm)), { password });
    await expect(read).rejects.toMatchObject({ code: "unsupported-key" });
  });

  it("refuses old PEM with a cipher that Node has not", async () => {
    const pem = folder().make("ec -aes256 -passout file:password -in ec").toString();
    const read = readPrivateKey(pem.replace("AES-256-CBC", "RC2-CBC"), { password });
    await expect(read).rejects.toMatchObject({ code: "unsupported-key" });
  });
});

function pbes2(keyDerivation: AlgorithmIdentifier): AlgorithmIdentifier {
  const parameters = new Pbes2Parameters();
  parameters.keyDerivation = keyDerivation;
  parameters.encryption = withParameters("2.16.840.1.101.3.4.1.42", new OctetString(16));
  return withParameters("1.2.840.113549.1.5.13", parameters);
}

function pbkdf2(rounds: number): AlgorithmIdentifier {
  const parameters = Object.assign(new Pbkdf2Parameters(), { salt: new OctetString(8), rounds });
  return pbes2(withParameters("1.2.840.113549.1.5.12", parameters));
}

function scrypt(cost: number, blockSize: number, parallelization: number): AlgorithmIdentifier {
  const values = { salt: new OctetString(8), cost, blockSize, parallelization };
  const parameters = Object.assign(new ScryptParameters(), values);
  return pbes2(withParameters("1.3.6.1.4.1.11591.4.11", parameters));
}

function encryptedWith(encryptionAlgorithm: AlgorithmIdentifier): Uint8Array {
  const encryptedData = new EncryptedData(Buffer.alloc(32));
  const info = new EncryptedPrivateKeyInfo({ encryptionAlgorithm, encryptedData });
  return new Uint8Array(AsnConvert.serialize(info));
}

describe("encryptPrivateKey", () => {
  it("writes what openssl, node and this toolkit open", async () => {
    const { path, at } = folder();
    for (const key of [ec, rsa]) {
      const pem = await encryptPrivateKey(key, PASSWORD, { rounds: 1000 });
      writeFileSync(at("encrypted"), pem);
      const opened = openssl(["pkey", "-in", "encrypted", "-passin", "file:password"], path);
      expect(opened).toBe(exportPrivateKeyPem(key));
      expect(createPrivateKey({ key: pem, passphrase: PASSWORD }).equals(key)).toBe(true);
      expect((await readPrivateKey(pem, { password })).equals(key)).toBe(true);
    }
  });

  it.skipIf(!has("certtool"))("writes what GnuTLS opens", async () => {
    const { path, at } = folder();
    writeFileSync(at("encrypted"), await encryptPrivateKey(ec, PASSWORD, { rounds: 1000 }));
    const output = certtool(["--key-info", "--infile", "encrypted"], path, PASSWORD);
    expect(output).toMatch(/curve:\s+SECP256R1/i);
  });

  it("derives with 600,000 rounds of HMAC-SHA-256 unless told otherwise", async () => {
    const pem = await encryptPrivateKey(ec, PASSWORD);
    const structure = openssl(["asn1parse"], undefined, pem);
    expect(KEY_DERIVATION_ROUNDS).toBe(600_000);
    expect(structure).toMatch(/INTEGER\s+:0927C0\n[\s\S]*hmacWithSHA256[\s\S]*aes-256-cbc/);
    expect((await readPrivateKey(pem, { password })).equals(ec)).toBe(true);
  });

  it("is made of the password and the random bytes alone", async () => {
    const randomBytes = (size: number) => Buffer.alloc(size, 7);
    const make = () => encryptPrivateKey(ec, PASSWORD, { rounds: 10, randomBytes });
    expect(await make()).toBe(await make());
    const other = await encryptPrivateKey(ec, PASSWORD, { rounds: 10 });
    expect(other).not.toBe(await make());
  });

  it("refuses the empty password", async () => {
    await expect(encryptPrivateKey(ec, "")).rejects.toMatchObject({ code: "password-required" });
  });
});

describe("readPrivateKey of damaged input", () => {
  const SECRET = "correct horse";
  const source = () => Promise.resolve(SECRET);

  property.prop([fc.uint8Array({ maxLength: 400 })])(
    "throws nothing but CaToolsError",
    async (bytes) => {
      await expect(readPrivateKey(bytes, { password: source })).rejects.toBeInstanceOf(
        CaToolsError,
      );
    },
  );

  property.prop([
    fc.constantFrom("plain", "encrypted", "old"),
    fc.nat(),
    fc.nat(255),
    fc.boolean(),
  ])("reads it, or throws CaToolsError without a secret", async (kind, at, byte, isCut) => {
    const whole = (await damageable)[kind] ?? Buffer.alloc(0);
    const input = Buffer.from(whole);
    input[at % input.length] = byte;
    const damaged = isCut ? input.subarray(0, at % input.length) : input;
    try {
      expect((await readPrivateKey(damaged, { password: source })).type).toBe("private");
    } catch (error) {
      expect(error).toBeInstanceOf(CaToolsError);
      expect(told(error)).not.toContain(SECRET);
      expect(told(error)).not.toContain(whole.toString("base64").slice(20, 40));
    }
  });

  const told = (error: unknown) => JSON.stringify(error, Object.getOwnPropertyNames(error));

  const damageable: Promise<Record<string, Buffer>> = (async () => {
    const { privateKey } = await generateKeyPair();
    const pem = await encryptPrivateKey(privateKey, SECRET, { rounds: 10 });
    return {
      plain: privateKey.export({ type: "pkcs8", format: "der" }),
      encrypted: Buffer.from(pem.split("-----")[2] ?? "", "base64"),
      old: Buffer.from(
        privateKey.export({
          type: "sec1",
          format: "pem",
          cipher: "aes-128-cbc",
          passphrase: SECRET,
        }),
      ),
    };
  })();
});
