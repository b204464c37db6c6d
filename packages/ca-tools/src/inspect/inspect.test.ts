import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { issue, rootCa } from "../testing/authority.ts";
import { hex, integer, oid, sequence } from "../testing/der-certificate.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { issueCrl } from "../x509/crl.ts";
import { element } from "../x509/der-write.ts";
import type { Issuer } from "../x509/issue.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { writePfx } from "../x509/pfx/write.ts";
import { encryptPrivateKey } from "../x509/private-key.ts";
import { createRequest } from "../x509/request.ts";
import { inspect } from "./inspect.ts";
import type { Inspected } from "./types.ts";

const DATES = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 9e8) };
const PASSWORD = "correct horse";
const password = () => Promise.resolve(PASSWORD);

let root: Issuer;
let intermediate: Issuer;
let device: Issuer;
let encrypted: string;
let pfx: Uint8Array;

beforeAll(async () => {
  root = await rootCa("Root", DATES);
  intermediate = await issue("Intermediate", root, DATES);
  device = await issue("dev-1", intermediate, { ...DATES, profile: "device" });
  encrypted = await encryptPrivateKey(device.privateKey, PASSWORD, { rounds: 1000 });
  pfx = await writePfx({
    privateKey: device.privateKey,
    certificates: [device, intermediate].map(({ certificate }) => certificate),
    password: PASSWORD,
  });
});

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const kinds = async (input: Uint8Array) => (await inspect(input)).map(({ kind }) => kind);
const publicKeyOf = (found: Inspected | undefined) =>
  found && "publicKeySha256" in found ? found.publicKeySha256 : "none";
const keyPem = ({ privateKey }: Issuer) => exportPrivateKeyPem(privateKey);

describe("a chain", () => {
  it("is told certificate by certificate, each with its issuer and its place", async () => {
    const all = [device, intermediate, root].map(({ certificate }) => certificate);
    const found = await inspect(bytes(all.map(({ pem }) => pem).join("")), { file: "chain.pem" });
    expect(found).toMatchObject([
      { kind: "certificate", role: "device", issuedBy: all[1]?.sha256, file: "chain.pem", line: 1 },
      { role: "intermediate", issuedBy: all[2]?.sha256, ca: true, selfSigned: false },
      { role: "root", selfSigned: true, keyUsage: ["digitalSignature", "keyCertSign", "cRLSign"] },
    ]);
    expect(found[2]).not.toHaveProperty("issuedBy");
  });

  it("tells of a certificate what openssl tells of it", async () => {
    const { certificate } = device;
    const [found] = await inspect(bytes(certificate.pem));
    const fields = ["-noout", "-serial", "-fingerprint", "-subject", "-nameopt", "RFC2253"];
    const told = openssl(["x509", ...fields, "-sha256"], undefined, certificate.pem);
    const sha1 = openssl(["x509", "-noout", "-fingerprint", "-sha1"], undefined, certificate.pem);
    expect(found).toMatchObject({
      serialNumber: /serial=(.+)/.exec(told)?.[1],
      sha256: /Fingerprint=(.+)/.exec(told)?.[1]?.replaceAll(":", ""),
      sha1: /Fingerprint=(.+)/.exec(sha1)?.[1]?.replaceAll(":", ""),
      subject: /subject=(.+)/.exec(told)?.[1],
      commonName: "dev-1",
      keyAlgorithm: "ec-p256",
      signatureAlgorithm: "ecdsa-with-SHA256",
      extendedKeyUsage: ["clientAuth"],
      ca: false,
      notAfter: certificate.notAfter.toISOString(),
    });
  });

  it("is not linked by names alone: the signature decides", async () => {
    const impostor = await rootCa("Root", DATES);
    const both = [intermediate, impostor].map(({ certificate }) => certificate.pem).join("");
    const [child] = await inspect(bytes(both));
    expect(child).not.toHaveProperty("issuedBy");
  });

  it("is found in a PKCS #7 bundle, in PEM and in DER", async () => {
    const folder = scratch();
    const chain = [device, intermediate].map(({ certificate }) => certificate.pem).join("");
    writeFileSync(join(folder, "chain.pem"), chain);
    const make = ["crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-out"];
    openssl([...make, "bundle.pem"], folder);
    openssl([...make, "bundle.der", "-outform", "DER"], folder);
    for (const name of ["bundle.pem", "bundle.der"]) {
      const found = await inspect(readFileSync(join(folder, name)));
      expect(found.map((one) => (one.kind === "certificate" ? one.sha256 : one))).toEqual(
        [device, intermediate].map(({ certificate }) => certificate.sha256),
      );
    }
  });
});

describe("a private key", () => {
  it.each([
    ["PKCS#8", ["pkey"]],
    ["SEC1", ["ec"]],
    ["PKCS#8 DER", ["pkey", "-outform", "DER", "-out", "out"]],
    ["SEC1 DER", ["ec", "-outform", "DER", "-out", "out"]],
  ])("in the form %s is told by its kind and its certificate", async (_form, args) => {
    const folder = scratch();
    writeFileSync(join(folder, "key"), keyPem(device));
    const file = [...args, ...(args.includes("-out") ? [] : ["-out", "out"]), "-in", "key"];
    openssl(file, folder);
    const key = readFileSync(join(folder, "out"));
    expect(await inspect(key)).toMatchObject([
      { kind: "private-key", encrypted: false, keyAlgorithm: "ec-p256", belongsTo: [] },
    ]);
    if (key[0] === 0x30) return;
    const { pem, sha256 } = device.certificate;
    const [certificate, found] = await inspect(bytes(pem + key.toString("latin1")));
    expect(found).toMatchObject({ belongsTo: [sha256] });
    expect(found).toHaveProperty("publicKeySha256", publicKeyOf(certificate));
  });

  it("that is encrypted is opened only with a password", async () => {
    const input = bytes(device.certificate.pem + encrypted);
    const { sha256 } = device.certificate;
    const line = device.certificate.pem.split("\n").length;
    expect((await inspect(input))[1]).toEqual({ kind: "private-key", encrypted: true, line });
    expect((await inspect(input, { password }))[1]).toMatchObject({
      encrypted: true,
      belongsTo: [sha256],
    });
    const [, wrong] = await inspect(input, { password: () => Promise.resolve("no") });
    expect(wrong).toMatchObject({ encrypted: true, error: { code: "wrong-password" } });
    expect(wrong).not.toHaveProperty("belongsTo");
  });

  it("of the old encrypted form is told to be encrypted", async () => {
    const old = openssl(
      ["ec", "-aes128", "-passout", "stdin"].concat(["-in", writeKey()]),
      undefined,
      `${PASSWORD}\n`,
    );
    const pem = old.slice(old.indexOf("-----BEGIN"));
    expect(await inspect(bytes(pem))).toEqual([{ kind: "private-key", encrypted: true, line: 1 }]);
    expect(await inspect(bytes(pem), { password })).toMatchObject([{ keyAlgorithm: "ec-p256" }]);
  });

  it("of a kind that this toolkit does not sign with is named all the same", async () => {
    const pem = openssl(["genpkey", "-algorithm", "ed25519"]);
    expect(await inspect(bytes(pem))).toMatchObject([{ keyAlgorithm: "ed25519" }]);
    const folder = scratch();
    const run = (...args: string[]) => openssl(args, folder, `${PASSWORD}\n`);
    writeFileSync(join(folder, "ed.key"), pem);
    run("pkcs8", "-topk8", "-in", "ed.key", "-passout", "stdin", "-out", "locked.key");
    run("req", "-x509", "-new", "-key", "ed.key", "-subj", "/CN=x", "-out", "ed.pem");
    const files = ["-inkey", "ed.key", "-in", "ed.pem", "-out", "ed.pfx"];
    run("pkcs12", "-export", "-passout", "stdin", ...files);
    const of = (name: string) => inspect(readFileSync(join(folder, name)), { password });
    expect(await of("locked.key")).toMatchObject([{ encrypted: true, keyAlgorithm: "ed25519" }]);
    expect(await of("ed.pfx")).toMatchObject([
      { contents: [{ keyAlgorithm: "ed25519" }, { keyAlgorithm: "ed25519" }] },
    ]);
  });

  it("says which public key is its own", async () => {
    const spki = createPublicKey(device.privateKey).export({ type: "spki", format: "pem" });
    const [own, theirs] = await inspect(bytes(keyPem(device) + spki));
    expect(theirs).toMatchObject({ kind: "public-key", keyAlgorithm: "ec-p256" });
    expect(own).toHaveProperty("publicKeySha256", publicKeyOf(theirs));
  });

  it("may have parameters in front of it", async () => {
    const pem = openssl(["ecparam", "-name", "prime256v1", "-genkey"]);
    expect(pem).toContain("BEGIN EC PARAMETERS");
    expect(await kinds(bytes(pem))).toEqual(["private-key"]);
  });

  it("of OpenSSH is refused with the way to convert it", async () => {
    const body = Buffer.from("openssh-key-v1\0 and so on").toString("base64");
    const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
    expect(await inspect(bytes(pem))).toMatchObject([
      { kind: "private-key", error: { code: "unsupported-key" } },
    ]);
  });
});

function writeKey(): string {
  const file = join(scratch(), "key");
  writeFileSync(file, keyPem(device));
  return file;
}

describe("a request", () => {
  it("is told with what it asks for, in both of its labels and in DER", async () => {
    const names = { dns: ["gw.example"], ip: ["10.0.0.1"] };
    const { certificate, privateKey } = device;
    const keys = { privateKey, publicKey: certificate.x509.publicKey };
    const request = await createRequest({ keys, commonName: "x", subjectAlternativeNames: names });
    const old = request.pem.replaceAll("CERTIFICATE", "NEW CERTIFICATE");
    for (const input of [bytes(request.pem), bytes(old), request.der]) {
      expect(await inspect(input)).toMatchObject([
        {
          kind: "request",
          subject: "CN=x",
          signatureValid: true,
          subjectAlternativeNames: [
            { type: "dns", value: "gw.example" },
            { type: "ip", value: "10.0.0.1" },
          ],
        },
      ]);
    }
    const broken = Uint8Array.from(request.der);
    const last = broken.length - 1;
    broken[last] = (broken[last] ?? 0) ^ 1;
    expect(await inspect(broken)).toMatchObject([
      { subject: "CN=x", signatureValid: false, error: { code: "invalid-request" } },
    ]);
  });
});

describe("a CRL", () => {
  it("is told with its number, its issuer and the first of many entries", async () => {
    const entries = Array.from({ length: 30 }, (_, index) => ({
      serialNumber: (0x10 + index).toString(16).toUpperCase(),
      at: new Date("2026-01-02T03:04:05Z"),
      ...(index === 0 && { reason: "keyCompromise" as const }),
    }));
    const [thisUpdate, nextUpdate] = [DATES.notBefore, DATES.notAfter];
    const crl = await issueCrl({ issuer: root, number: 7n, thisUpdate, nextUpdate, entries });
    const [, found] = await inspect(bytes(root.certificate.pem + crl.pem));
    expect(found).toMatchObject({
      kind: "crl",
      issuer: "CN=Root",
      number: "7",
      count: 30,
      issuedBy: root.certificate.sha256,
    });
    const shown = found?.kind === "crl" ? found.entries : [];
    expect(shown).toHaveLength(20);
    expect(shown[0]).toEqual({
      serialNumber: "10",
      at: "2026-01-02T03:04:05.000Z",
      reason: "keyCompromise",
    });
    expect(await kinds(crl.der)).toEqual(["crl"]);
  });
});

describe("a PFX", () => {
  it("is told to be one without a password, and what it holds with it", async () => {
    expect(await inspect(pfx)).toEqual([{ kind: "pfx", opened: false, contents: [] }]);
    const { sha256 } = device.certificate;
    expect(await inspect(pfx, { password })).toMatchObject([
      {
        opened: true,
        contents: [
          { kind: "private-key", belongsTo: [sha256] },
          { kind: "certificate", sha256, issuedBy: intermediate.certificate.sha256 },
          { sha256: intermediate.certificate.sha256 },
        ],
      },
    ]);
    expect(await inspect(pfx, { password: () => Promise.resolve("no") })).toMatchObject([
      { opened: false, error: { code: "wrong-password" } },
    ]);
  });

  it("may have a password of its own", async () => {
    const never = () => Promise.reject(new Error("asked"));
    const [found] = await inspect(pfx, { password: never, pfxPassword: password });
    expect(found).toMatchObject({ opened: true });
  });
});

describe("how it is written", () => {
  it("does not matter: CRLF, a byte order mark, text around, base64 without armour", async () => {
    const { pem, der } = root.certificate;
    const base64 = Buffer.from(der).toString("base64");
    const wrapped = Buffer.from(pem).toString("base64");
    const inputs = [
      pem.replaceAll("\n", "\r\n"),
      `\u00EF\u00BB\u00BF${pem}`,
      `subject=/CN=Root\n${pem}and more\n`,
      base64,
      `\u00EF\u00BB\u00BF${base64.replaceAll(/.{64}/g, "$&\r\n")}\n`,
      wrapped,
      pem.replaceAll("\n", " "),
    ];
    for (const input of inputs) expect(await kinds(bytes(input))).toEqual(["certificate"]);
  });

  it.each([
    ["nothing", new Uint8Array(), "is empty"],
    ["zero bytes", new Uint8Array(4096), "zero bytes"],
    ["UTF-16", new Uint8Array(Buffer.from("-----BEGIN CERTIFICATE-----", "utf16le")), "UTF-16"],
    ["prose", bytes("hello, world\n"), "neither PEM nor DER"],
    ["base64 of nothing", bytes("aGVsbG8gd29ybGQh"), "neither DER nor PEM"],
    ["DER of nothing", Uint8Array.of(0x30, 3, 2, 1, 0), "nothing that is known"],
  ])("that is %s is one unknown that says so", async (_what, input, words) => {
    const found = await inspect(input, { file: "x" });
    expect(found).toMatchObject([{ kind: "unknown", file: "x", error: { code: "unrecognised" } }]);
    expect(found[0]).toHaveProperty("error.message", expect.stringContaining(words));
  });

  it("tells DER that is cut off from DER with bytes behind it", async () => {
    const { der } = root.certificate;
    const [cut] = await inspect(der.subarray(0, -1));
    expect(cut).toHaveProperty("error.message", expect.stringContaining("cut off"));
    const [long] = await inspect(Uint8Array.of(...der, 1, 2));
    expect(long).toHaveProperty("error.message", expect.stringContaining("2 bytes behind"));
  });

  it("hides no good block behind a damaged one", async () => {
    const { pem } = root.certificate;
    const cut = pem.slice(0, 100);
    const odd = pem.replace("END CERTIFICATE", "END X509 CRL");
    const garbled = pem.replace(/^MII/m, "M*I");
    const shorter = pem.replace(/.{4}\n-----END/, "\n-----END");
    const damaged = [`${cut}\n`, odd, garbled, shorter];
    const found = await inspect(bytes([...damaged, pem].join("")), { file: "x" });
    expect(found.map(({ kind }) => kind)).toEqual([...damaged.map(() => "unknown"), "certificate"]);
    expect(found[0]).toMatchObject({ label: "CERTIFICATE", line: 1 });
    expect(found[0]).toHaveProperty("error.message", expect.stringContaining("is cut off"));
    expect(found[1]).toHaveProperty("error.message", expect.stringContaining("ends with another"));
  });

  it("opens so many encrypted objects and no more: each may ask for seconds of work", async () => {
    const locked = Buffer.from(pfx).toString("base64");
    const block = `-----BEGIN PFX-----\n${locked}\n-----END PFX-----\n`;
    const found = await inspect(bytes(block.repeat(100)));
    const opened = found.filter(({ kind }) => kind === "pfx");
    expect([found.length, opened.length]).toEqual([100, 4]);
    expect(found[4]).toMatchObject({ line: 13, error: { code: "unrecognised" } });
  });

  it("looks for no bundle in a bundle, however deep", async () => {
    const type = oid("2a864886f70d010702");
    const bundle = (member: Uint8Array) =>
      sequence(type, element(0xa0, sequence(integer(hex("01")), element(0xa0, member))));
    const deep = Array.from({ length: 2000 }).reduce<Uint8Array>(bundle, root.certificate.der);
    for (const member of [deep, bundle(root.certificate.der)]) {
      const message = expect.stringContaining("holds what no PKCS #7 bundle can");
      expect(await inspect(bundle(member))).toMatchObject([
        { kind: "unknown", error: { message } },
      ]);
    }
    expect(await kinds(bundle(root.certificate.der))).toEqual(["certificate"]);
    const many = bundle(Buffer.alloc(100_000, hex("3000")));
    expect(await inspect(many)).toHaveLength(1);
  });

  it("is read up to 1 MiB, and a thousand blocks", async () => {
    const padded = bytes(root.certificate.pem.padEnd(1024 * 1024, "\n"));
    expect(await kinds(padded)).toEqual(["certificate"]);
    for (const size of [padded.length + 1, 10 * 1024 * 1024]) {
      const input = bytes(root.certificate.pem.padEnd(size, "\n"));
      expect(await inspect(input)).toMatchObject([{ error: { code: "too-large" } }]);
    }
    const many = bytes("-----BEGIN X-----\n".repeat(50_000));
    const found = await inspect(many);
    expect(found).toHaveLength(1001);
    expect(found.at(-1)).toHaveProperty("error.message", expect.stringContaining("1000 objects"));
  });
});

/** The private scalar of an EC key, as it would look if it leaked. */
function leaks(json: string): boolean {
  const { d = "" } = device.privateKey.export({ format: "jwk" });
  const scalar = Buffer.from(d, "base64url");
  const body = keyPem(device).split("\n")[1] ?? "";
  const forms = [scalar.toString("hex"), scalar.toString("base64").slice(0, 20), body];
  return forms.some((form) => json.toLowerCase().includes(form.toLowerCase()));
}

describe("whatever is put in", () => {
  const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const cut = fc.nat({ max: 40 });

  test.prop([fc.nat(5), mutation, cut], { numRuns: 250 })(
    "never throws, and shows nothing of a private key",
    async (which, changes, shorter) => {
      const inputs = [
        bytes(device.certificate.pem + keyPem(device)),
        new Uint8Array(device.privateKey.export({ type: "pkcs8", format: "der" })),
        new Uint8Array(device.privateKey.export({ type: "sec1", format: "der" })),
        device.certificate.der,
        pfx,
        bytes(encrypted),
      ];
      const input = Uint8Array.from(inputs[which] ?? []);
      for (const [at, value] of changes) input[at % input.length] = value;
      const found = await inspect(input.subarray(0, input.length - (shorter > 20 ? 0 : shorter)));
      expect(found.length).toBeGreaterThan(0);
      expect(leaks(JSON.stringify(found))).toBe(false);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 200 })])("in bytes is told something of", async (input) => {
    expect((await inspect(input)).length).toBeGreaterThan(0);
  });
});
