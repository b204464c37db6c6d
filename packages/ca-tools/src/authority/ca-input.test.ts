import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CaToolsError } from "../errors.ts";
import { issue, rootCa } from "../testing/authority.ts";
import { openssl } from "../testing/openssl.ts";
import type { Issuer } from "../x509/issue.ts";
import { exportPrivateKeyPem, generateKeyPair, isKeyOf } from "../x509/keys.ts";
import { caCertificatesIn, openCaInput, readCaInput } from "./ca-input.ts";

const PASSWORD = "correct horse";

/** One EC CA and one RSA CA below it, in every form. */
let folder: string;
let ec: Issuer;
let rsa: Issuer;
const at = (name: string) => join(folder, name);
const write = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);
const convert = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
const text = (name: string) => readFileSync(at(name), "utf8");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ca-tools-"));
  write("password", `${PASSWORD}\n`);
  ec = await rootCa("EC CA");
  rsa = await issue("RSA CA", ec, { keys: await generateKeyPair("rsa-2048") });
  for (const [name, ca] of Object.entries({ ec, rsa })) {
    write(`${name}.pem`, ca.certificate.pem);
    write(`${name}.der`, ca.certificate.der);
    write(`${name}.key`, exportPrivateKeyPem(ca.privateKey));
  }
  const out = ["-passout", "file:password"];
  convert("pkcs8", "-topk8", "-in", "ec.key", "-out", "ec.enc", ...out);
  convert("pkcs8", "-topk8", "-in", "ec.key", "-outform", "DER", "-out", "ec.enc.der", ...out);
  convert("pkcs8", "-topk8", "-nocrypt", "-in", "ec.key", "-outform", "DER", "-out", "ec.key.der");
  convert("ec", "-in", "ec.key", "-out", "ec.sec1");
  convert("ec", "-in", "ec.key", "-outform", "DER", "-out", "ec.sec1.der");
  convert("rsa", "-in", "rsa.key", "-traditional", "-out", "rsa.pkcs1");
  convert("rsa", "-in", "rsa.key", "-traditional", "-aes256", "-out", "rsa.pkcs1.enc", ...out);
  const pfx = ["pkcs12", "-export", ...out];
  convert(...pfx, "-in", "rsa.pem", "-inkey", "rsa.key", "-certfile", "ec.pem", "-out", "rsa.pfx");
  convert(...pfx, "-in", "rsa.pem", "-nokeys", "-out", "nokey.pfx");
  write("both.pem", `a note\r\n${text("ec.pem").replaceAll("\n", "\r\n")}${text("ec.key")}`);
  write("chain.pem", text("rsa.pem") + text("ec.pem"));
  write("params.key", openssl(["ecparam", "-name", "prime256v1"]) + text("ec.sec1"));
  write("large.pem", Buffer.alloc(2 * 1024 * 1024, "A"));
  write("empty.pem", "");
  write("zero.pem", Buffer.alloc(64));
  write("cut.key", text("ec.key").slice(0, 80));
  mkdirSync(at("folder"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const openFiles = async (certificates: string, key: string | undefined, password?: string) => {
  const input = await readCaInput({ certificates: at(certificates), key: key && at(key) });
  return await openCaInput(input, () => Promise.resolve(password));
};

describe("openCaInput", () => {
  it.each([
    ["ec.pem", "ec.key"],
    ["ec.der", "ec.key.der"],
    ["ec.pem", "ec.sec1"],
    ["ec.der", "ec.sec1.der"],
    ["ec.pem", "params.key"],
    ["both.pem", undefined],
    ["both.pem", "ec.key"],
    ["rsa.der", "rsa.pkcs1"],
    ["chain.pem", "rsa.key"],
  ])("reads %s with %s, and asks for no password", async (certificates, key) => {
    const input = await readCaInput({ certificates: at(certificates), key: key && at(key) });
    const password = vi.fn();
    const opened = await openCaInput(input, password);
    const ca = (key ?? certificates).startsWith("rsa") ? rsa : ec;
    expect(opened.certificates[0] && isKeyOf(opened.privateKey, opened.certificates[0])).toBe(true);
    expect(opened.certificates.map(({ sha256 }) => sha256)).toContain(ca.certificate.sha256);
    expect(opened).not.toHaveProperty("password");
    expect(password).not.toHaveBeenCalled();
  });

  it.each([
    ["ec.pem", "ec.enc"],
    ["ec.pem", "ec.enc.der"],
    ["rsa.pem", "rsa.pkcs1.enc"],
    ["rsa.pfx", undefined],
  ])("reads %s with %s, and says what password it is kept under", async (certificates, key) => {
    const opened = await openFiles(certificates, key, PASSWORD);
    expect(opened.password).toBe(PASSWORD);
    const first = opened.certificates[0];
    expect(first && isKeyOf(opened.privateKey, first)).toBe(true);
    await expect(openFiles(certificates, key)).rejects.toMatchObject({ code: "password-required" });
    const wrong = openFiles(certificates, key, "battery staple");
    await expect(wrong).rejects.toMatchObject({
      code: "wrong-password",
      file: at(key ?? certificates),
    });
    await expect(wrong).rejects.not.toThrow(/staple/);
  });

  it("gives the certificates of a PFX with its own first", async () => {
    const { certificates } = await openFiles("rsa.pfx", undefined, PASSWORD);
    expect(certificates.map(({ commonName }) => commonName)).toEqual(["RSA CA", "EC CA"]);
  });

  it("takes the key beside a PFX that has none", async () => {
    const opened = await openFiles("nokey.pfx", "rsa.key", PASSWORD);
    expect(opened.certificates[0]?.sha256).toBe(rsa.certificate.sha256);
  });

  it.each([
    ["a PFX without a key", "nokey.pfx", undefined, "not-found", "nokey.pfx"],
    ["a certificate without a key", "ec.pem", undefined, "not-found", "ec.pem"],
    ["a DER certificate without a key", "ec.der", undefined, "not-found", "ec.der"],
    ["a file that is missing", "none.pem", "ec.key", "not-found", "none.pem"],
    ["a key that is missing", "ec.pem", "none.key", "not-found", "none.key"],
    ["a folder", "folder", "ec.key", "invalid-certificate", "folder"],
    ["a file of 2 MiB", "large.pem", "ec.key", "invalid-certificate", "large.pem"],
    ["an empty file", "empty.pem", "ec.key", "invalid-certificate", "empty.pem"],
    ["zero bytes", "zero.pem", "ec.key", "invalid-certificate", "zero.pem"],
    ["a key in place of the certificate", "ec.key", "ec.key", "invalid-certificate", "ec.key"],
    ["a certificate in place of the key", "ec.pem", "rsa.pem", "invalid-key", "rsa.pem"],
    ["a PFX in place of the key", "ec.pem", "rsa.pfx", "invalid-key", "rsa.pfx"],
    ["a key that is cut off", "ec.pem", "cut.key", "invalid-key", "cut.key"],
  ])("refuses %s, and names it", async (_, certificates, key, code, file) => {
    const opening = openFiles(certificates, key, PASSWORD);
    await expect(opening).rejects.toMatchObject({ code, file: at(file) });
    await expect(opening).rejects.not.toThrow(text("ec.key").split("\n")[1] ?? "?");
  });
});

describe("openCaInput, given something else for the key", () => {
  it("says what it is, and what to give", async () => {
    await expect(openFiles("ec.pem", "rsa.pem")).rejects.toThrow(/rsa.pem holds no private key/);
    await expect(openFiles("ec.pem", "rsa.pfx", PASSWORD)).rejects.toMatchObject({
      message: expect.stringContaining("is a PFX"),
      hint: expect.stringContaining("give it as the CA"),
    });
  });
});

describe("readCaInput", () => {
  it("stops reading above 1 MiB, whichever of the files it is", async () => {
    const [large, small] = [at("large.pem"), at("ec.pem")];
    for (const paths of [
      { certificates: large, key: small },
      { certificates: small, key: large },
    ]) {
      await expect(readCaInput(paths)).rejects.toThrow(`${large} has more than 1048576 bytes`);
    }
  });
});

describe("caCertificatesIn", () => {
  it("reads what needs no password", async () => {
    const names = async (certificates: string) =>
      caCertificatesIn(await readCaInput({ certificates: at(certificates) })).map(
        ({ commonName }) => commonName,
      );
    expect(await names("chain.pem")).toEqual(["RSA CA", "EC CA"]);
    expect(await names("ec.der")).toEqual(["EC CA"]);
    expect(await names("rsa.pfx")).toEqual([]);
  });
});

describe("files that were changed by chance", () => {
  const sources = [
    ["both.pem", undefined],
    ["ec.der", "ec.key.der"],
    ["rsa.pfx", undefined],
  ] as const;
  const change = fc.record({
    source: fc.constantFrom(...sources),
    at: fc.nat(4000),
    bytes: fc.uint8Array({ maxLength: 8 }),
    keep: fc.nat(4000),
  });

  property.prop([change], { numRuns: 150 })(
    "are opened or refused, and no key or password is told",
    async ({ source: [first, second], at: offset, bytes, keep }) => {
      const mutate = (path: string) => {
        const whole = readFileSync(at(path));
        const start = offset % whole.length;
        const end = keep % 3 === 0 ? start + bytes.length : start + (keep % whole.length);
        return {
          path,
          bytes: Buffer.concat([whole.subarray(0, start), bytes, whole.subarray(end)]),
        };
      };
      const input = { certificates: mutate(first), key: mutate(second ?? first) };
      if (second === undefined) input.key = input.certificates;
      const error = await openCaInput(input, () => Promise.resolve(PASSWORD)).catch(
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof Error)) return;
      expect(error).toBeInstanceOf(CaToolsError);
      expect(error.message).not.toContain(PASSWORD);
      for (const line of text("ec.key").split("\n").slice(1, -2)) {
        expect(error.message).not.toContain(line);
      }
    },
  );
});
