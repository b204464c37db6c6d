import type { KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { ContentInfo } from "@peculiar/asn1-cms";
import { AuthenticatedSafe } from "@peculiar/asn1-pfx";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { CaToolsError } from "../../errors.ts";
import { issue, rootCa } from "../../testing/authority.ts";
import { openssl, tryOpenssl } from "../../testing/openssl.ts";
import { hasLegacyOpenssl } from "../../testing/programs.ts";
import { scratch } from "../../testing/scratch.ts";
import type { Certificate } from "../certificate.ts";
import type { Issuer } from "../issue.ts";
import { exportPrivateKeyPem, generateKeyPair } from "../keys.ts";
import { makeMac } from "./mac.ts";
import { MAX_PFX_BYTES, type ReadPfx, readPfx } from "./read.ts";
import { DATA, ENCRYPTED_DATA, type MacData, Pfx, parseBer, parseOctets } from "./schema.ts";
import { writePfx } from "./write.ts";

const PASSWORD = "pass wörd €😀";
const password = () => Promise.resolve(PASSWORD);

let root: Issuer;
let intermediate: Issuer;
let leaves: { ec: Issuer; rsa: Issuer };
let folder: string;

beforeAll(async () => {
  root = await rootCa("Factory Root CA");
  intermediate = await issue("Factory Intermediate CA", root);
  const keys = await generateKeyPair("rsa-2048");
  leaves = {
    ec: await issue("dev-1", intermediate, { profile: "device" }),
    rsa: await issue("dev-2", intermediate, { profile: "device", keys }),
  };
});

beforeEach(() => {
  folder = scratch();
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  put("password", PASSWORD);
  for (const [name, { certificate, privateKey }] of Object.entries(leaves)) {
    put(`${name}.key`, exportPrivateKeyPem(privateKey));
    put(`${name}.pem`, certificate.pem);
  }
  // Out of order, as exports are.
  put("chain.pem", root.certificate.pem + intermediate.certificate.pem);
});

/** What `openssl pkcs12 -export` makes with these options. */
function exported(options: string, kind: "ec" | "rsa" = "ec"): Buffer {
  const files = ["-inkey", `${kind}.key`, "-in", `${kind}.pem`, "-certfile", "chain.pem"];
  const rest = ["-passout", "file:password", "-out", "made.pfx", ...options.split(" ")];
  openssl(["pkcs12", "-export", ...files, ...rest.filter((each) => each !== "")], folder);
  return readFileSync(join(folder, "made.pfx"));
}

const chainOf = (leaf: Issuer) =>
  [leaf, intermediate, root].map(({ certificate }) => certificate.sha256);
const thumbprints = (certificates: readonly Certificate[]) =>
  certificates.map((each) => each.sha256);

function expectContents({ privateKey, certificates }: ReadPfx, leaf: Issuer): void {
  expect(privateKey?.equals(leaf.privateKey)).toBe(true);
  expect(thumbprints(certificates)).toEqual(chainOf(leaf));
}

describe("readPfx", () => {
  const RC2 = "-certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1 -legacy";
  const WINDOWS = "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -iter 2000";
  const FORMS: [string, string][] = [
    ["OpenSSL 3", ""],
    ["Windows", `${WINDOWS} -keyex -CSP provider -name name`],
    ["macOS", "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -iter 1"],
    ["3DES of two keys", "-certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES"],
    ["AES-128 with SHA-384", "-certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha384"],
    ["AES-192 with SHA-512", "-certpbe AES-192-CBC -keypbe AES-192-CBC -macalg sha512"],
    ["no MAC", "-nomac"],
    ["no MAC, old ciphers", `${WINDOWS} -nomac`],
    ["an unencrypted key", "-keypbe NONE"],
    ["unencrypted certificates", "-certpbe NONE"],
  ];
  const OLD_FORMS: [string, string][] = [
    ["OpenSSL 1.1, with RC2 of 40 bits", RC2],
    ["RC2 of 128 bits", RC2.replace("RC2-40", "RC2-128")],
  ];

  const readsForm = async (_: string, options: string) => {
    const bytes = exported(options);
    const file = "device.pfx";
    expectContents(await readPfx(bytes, { password, file }), leaves.ec);
    const wrong = () => Promise.resolve("wrong");
    await expect(readPfx(bytes, { password: wrong, file })).rejects.toMatchObject({
      code: "wrong-password",
      file,
    });
    await expect(readPfx(bytes, { file })).rejects.toMatchObject({
      code: "password-required",
      file,
    });
  };

  it.each(FORMS)("reads the form of %s, and tells a wrong password", readsForm);
  it.skipIf(!hasLegacyOpenssl()).each(OLD_FORMS)("reads the form of %s as well", readsForm);

  it("reads RSA keys", async () => {
    for (const options of ["", WINDOWS]) {
      expectContents(await readPfx(exported(options, "rsa"), { password }), leaves.rsa);
    }
  });

  it("takes a source that has no password for none", async () => {
    const none = () => Promise.resolve(undefined);
    await expect(readPfx(exported(""), { password: none })).rejects.toMatchObject({
      code: "password-required",
    });
  });

  it("asks once, and names the file", async () => {
    const source = vi.fn(password);
    await readPfx(exported(""), { password: source, file: "device.pfx" });
    expect(source.mock.calls).toEqual([["device.pfx"]]);
  });

  it("asks for no password where nothing is encrypted", async () => {
    const source = vi.fn(password);
    const bytes = exported("-keypbe NONE -certpbe NONE -nomac");
    expectContents(await readPfx(bytes, { password: source }), leaves.ec);
    expect(source).not.toHaveBeenCalled();
  });

  it("passes on what the source of the password throws", async () => {
    const refused = () => Promise.reject(new Error("no terminal"));
    await expect(readPfx(exported(""), { password: refused })).rejects.toThrow("no terminal");
  });

  it("reads certificates without a key, in the order of the file", async () => {
    const { privateKey, certificates } = await readPfx(exported("-nokeys"), { password });
    expect(privateKey).toBeUndefined();
    expect(thumbprints(certificates).toSorted()).toEqual(chainOf(leaves.ec).toSorted());
  });

  it("puts strangers last, and each certificate once", async () => {
    const stranger = await rootCa("Stranger");
    const pems = [stranger, root, leaves.rsa, intermediate, root].map(
      (each) => each.certificate.pem,
    );
    writeFileSync(join(folder, "chain.pem"), pems.join(""));
    const { certificates } = await readPfx(exported(""), { password });
    expect(thumbprints(certificates)).toEqual([
      ...chainOf(leaves.ec),
      stranger.certificate.sha256,
      leaves.rsa.certificate.sha256,
    ]);
  });

  it("reads pieces of unknown length, as NSS writes them", async () => {
    const bytes = inPieces(exported(""));
    writeFileSync(join(folder, "pieces.pfx"), bytes);
    const args = ["pkcs12", "-in", "pieces.pfx", "-passin", "file:password", "-noout"];
    expect(tryOpenssl(args, folder).status).toBe(0);
    expectContents(await readPfx(bytes, { password }), leaves.ec);
  });
});

describe("readPfx of a file with the empty password", () => {
  const EMPTY = [undefined, () => Promise.resolve("")];

  it.each(["", "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES", "-nomac"])(
    "reads what openssl writes (%s)",
    async (options) => {
      writeFileSync(join(folder, "password"), "\n");
      const bytes = exported(options);
      for (const source of EMPTY) {
        expectContents(await readPfx(bytes, { password: source }), leaves.ec);
      }
    },
  );

  it("reads a MAC that is made of no bytes at all", async () => {
    const pfx = parseBer(exported("-keypbe NONE -certpbe NONE -nomac"), Pfx);
    const nothing = { utf8: Buffer.alloc(0), bmp: Buffer.alloc(0) };
    const content = parseOctets(pfx.authSafe.content);
    const options = { hash: "sha256", salt: Buffer.alloc(8, 1), rounds: 10 } as const;
    pfx.macData = await makeMac(content, nothing, options);
    const bytes = Buffer.from(AsnConvert.serialize(pfx));
    for (const source of EMPTY) {
      expectContents(await readPfx(bytes, { password: source }), leaves.ec);
    }
  });
});

describe("readPfx of what it does not take", () => {
  const changed = async (change: (pfx: Pfx) => unknown) => {
    const pfx = parseBer(await written(), Pfx);
    change(pfx);
    return Buffer.from(AsnConvert.serialize(pfx));
  };
  const withRounds = (rounds: number) =>
    changed(({ macData }) => Object.assign(macData as MacData, { rounds }));

  it.each<[string, () => Uint8Array | Promise<Uint8Array>]>([
    ["nothing", () => new Uint8Array()],
    ["NULs", () => new Uint8Array(300)],
    ["text", () => Buffer.from("no PFX")],
    ["a certificate", () => root.certificate.der],
    ["a file that is cut short", async () => (await written()).subarray(0, -10)],
    ["more than the bound", () => new Uint8Array(MAX_PFX_BYTES + 1)],
    ["600,001 rounds", () => withRounds(600_001)],
    ["2^40 rounds", () => withRounds(2 ** 40)],
    ["no rounds", () => withRounds(0)],
    [
      "a MAC of another kind",
      () =>
        changed(({ macData }) => {
          (macData as MacData).mac.algorithm.algorithm = "1.2.3";
        }),
    ],
    [
      "a signature in place of a MAC",
      () => changed(({ authSafe }) => Object.assign(authSafe, { contentType: "1.2.3" })),
    ],
    ["a part for somebody's certificate", () => withParts(1, "1.2.840.113549.1.7.3")],
    ["more parts than a PFX can need", () => withParts(17, DATA)],
  ])("refuses %s before it asks for a password", async (_, bytes) => {
    const source = vi.fn(password);
    const read = readPfx(await bytes(), { file: "device.pfx", password: source });
    await expect(read).rejects.toMatchObject({ code: "invalid-pfx", file: "device.pfx" });
    expect(source).not.toHaveBeenCalled();
  });

  it("refuses five encrypted parts, each of which may ask for seconds of work", async () => {
    const message = expect.stringContaining("more parts than a PFX can need");
    await expect(readPfx(withParts(5, ENCRYPTED_DATA))).rejects.toMatchObject({ message });
    await expect(readPfx(withParts(5, DATA))).resolves.toMatchObject({ certificates: [] });
  });

  it("refuses what was changed behind the MAC", async () => {
    const bytes = await written();
    const changedBytes = Buffer.from(bytes);
    changedBytes[400] = (changedBytes[400] ?? 0) ^ 1;
    await expect(readPfx(changedBytes, { password })).rejects.toMatchObject({
      code: "wrong-password",
    });
  });

  it("refuses a key that this toolkit does not sign with", async () => {
    openssl("genpkey -algorithm ed25519 -out ed.key".split(" "), folder);
    openssl("req -x509 -new -key ed.key -subj /CN=x -out ed.pem".split(" "), folder);
    const out = ["-passout", "file:password", "-out", "ed.pfx"];
    openssl(["pkcs12", "-export", "-inkey", "ed.key", "-in", "ed.pem", ...out], folder);
    await expect(readPfx(readFileSync(join(folder, "ed.pfx")), { password })).rejects.toMatchObject(
      { code: "unsupported-key" },
    );
  });

  property.prop([fc.uint8Array({ maxLength: 400 })])(
    "throws nothing but CaToolsError",
    async (bytes) => {
      await expect(readPfx(bytes, { password })).rejects.toBeInstanceOf(CaToolsError);
    },
  );

  property.prop([fc.constantFrom("mac", "open"), fc.nat(), fc.nat(255), fc.boolean()], {
    numRuns: 150,
  })(
    "reads damaged bytes, or throws CaToolsError without a secret",
    async (kind, at, byte, isCut) => {
      const whole = damageable[kind] as Buffer;
      const input = Buffer.from(whole);
      input[at % input.length] = byte;
      const damaged = isCut ? input.subarray(0, at % input.length) : input;
      try {
        expect((await readPfx(damaged, { password })).certificates.length).toBeGreaterThan(-1);
      } catch (error) {
        expect(error).toBeInstanceOf(CaToolsError);
        const told = JSON.stringify(error, Object.getOwnPropertyNames(error));
        expect(told).not.toContain(PASSWORD);
        expect(told).not.toContain(secretOf(leaves.ec.privateKey));
      }
    },
  );

  const damageable: Record<string, Buffer> = {};
  let made: Promise<Uint8Array> | undefined;

  beforeEach(() => {
    const old = "-certpbe PBE-SHA1-3DES -macalg sha1 -iter 2";
    damageable.mac ??= exported(`${old} -keypbe PBE-SHA1-3DES`);
    damageable.open ??= exported(`${old} -keypbe NONE -nomac`);
  });

  /** One of ours, legacy: its rounds are fewer. */
  async function written(): Promise<Buffer> {
    const { privateKey, certificate } = leaves.ec;
    made ??= writePfx({
      privateKey,
      certificates: [certificate],
      password: PASSWORD,
      form: "legacy",
    });
    return Buffer.from(await made);
  }
});

const secretOf = (key: KeyObject) => key.export({ format: "jwk" }).d;

/** A PFX without MAC of so many parts of one kind. */
function withParts(count: number, contentType: string): Uint8Array {
  const content = AsnConvert.serialize(new OctetString(Buffer.from("3000", "hex")));
  const part = () => new ContentInfo({ contentType, content });
  const safes = new AuthenticatedSafe(Array.from({ length: count }, part));
  const pfx = new Pfx();
  const octets = new OctetString(AsnConvert.serialize(safes));
  pfx.authSafe = new ContentInfo({ contentType: DATA, content: AsnConvert.serialize(octets) });
  return new Uint8Array(AsnConvert.serialize(pfx));
}

/** The same PFX in BER: indefinite lengths, and the content in two pieces (X.690 §8.1.3.6, §8.7). */
function inPieces(der: Buffer): Buffer {
  const { authSafe, macData } = parseBer(der, Pfx);
  const content = parseOctets(authSafe.content);
  const piece = (bytes: Buffer) => {
    const length = bytes.length.toString(16).padStart(4, "0");
    return Buffer.concat([Buffer.from(`0482${length}`, "hex"), bytes]);
  };
  return Buffer.concat([
    Buffer.from("3080020103308006092a864886f70d010701a0802480", "hex"),
    piece(content.subarray(0, 300)),
    piece(content.subarray(300)),
    Buffer.from("000000000000", "hex"),
    Buffer.from(AsnConvert.serialize(macData as MacData)),
    Buffer.from("0000", "hex"),
  ]);
}
