import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { issue, rootCa } from "../../testing/authority.ts";
import { openssl, tryOpenssl } from "../../testing/openssl.ts";
import { certtool, has, hasLegacyOpenssl } from "../../testing/programs.ts";
import { scratch } from "../../testing/scratch.ts";
import type { Issuer } from "../issue.ts";
import { exportPrivateKeyPem, generateKeyPair } from "../keys.ts";
import { readPfx } from "./read.ts";
import { type PfxContents, writePfx } from "./write.ts";

const PASSWORD = "pass wörd €😀";
const NAME = "Thermostat é";

let root: Issuer;
let intermediate: Issuer;
let leaves: Record<string, Issuer>;

beforeAll(async () => {
  root = await rootCa("Factory Root CA");
  intermediate = await issue("Factory Intermediate CA", root);
  const keys = await generateKeyPair("rsa-2048");
  leaves = {
    EC: await issue("dev-1", intermediate, { profile: "device" }),
    RSA: await issue("dev-2", intermediate, { profile: "device", keys }),
  };
});

const contentsOf = (leaf: Issuer): PfxContents => ({
  privateKey: leaf.privateKey,
  certificates: [leaf, intermediate, root].map(({ certificate }) => certificate),
  password: PASSWORD,
  friendlyName: NAME,
});

async function written(overrides: Partial<PfxContents> = {}, kind = "EC") {
  const folder = scratch();
  const leaf = leaves[kind] as Issuer;
  const pfx = await writePfx({ ...contentsOf(leaf), ...overrides });
  writeFileSync(join(folder, "device.pfx"), pfx);
  writeFileSync(join(folder, "password"), overrides.password ?? PASSWORD);
  const pkcs12 = ["pkcs12", "-in", "device.pfx", "-passin", "file:password"];
  return { folder, leaf, pfx, pkcs12 };
}

const pems = (text: string, label: string) =>
  text.match(new RegExp(`-----BEGIN ${label}-----[^]*?-----END ${label}-----\n`, "g")) ?? [];

describe.each(["EC", "RSA"])("writePfx of an %s key", (kind) => {
  it.each([["modern"], ["legacy"]] as const)(
    "writes a %s form that openssl opens",
    async (form) => {
      const { folder, leaf, pkcs12 } = await written({ form }, kind);
      // -legacy brings RC2 and RC4 along, which our legacy form does without.
      const output = openssl([...pkcs12, "-noenc"], folder);
      expect(pems(output, "PRIVATE KEY")).toEqual([exportPrivateKeyPem(leaf.privateKey)]);
      expect(pems(output, "CERTIFICATE")).toEqual(
        [leaf, intermediate, root].map(({ certificate }) => `${certificate.pem.trim()}\n`),
      );
    },
  );

  it("reads what it wrote", async () => {
    const { leaf, pfx } = await written({}, kind);
    const read = await readPfx(pfx, { password: () => Promise.resolve(PASSWORD) });
    expect(read.privateKey?.equals(leaf.privateKey)).toBe(true);
    expect(read.certificates.map(({ sha256 }) => sha256)).toEqual(
      [leaf, intermediate, root].map(({ certificate }) => certificate.sha256),
    );
  });

  it.skipIf(!has("certtool")).each([["modern"], ["legacy"]] as const)(
    "writes a %s form that GnuTLS opens",
    async (form) => {
      const { folder } = await written({ form }, kind);
      const args = ["--p12-info", "--inder", "--infile", "device.pfx"];
      const output = certtool(args, folder, PASSWORD);
      expect(pems(output, "CERTIFICATE")).toHaveLength(3);
      expect(output).toContain(NAME);
      expect(output).not.toMatch(/fail|error/i);
    },
  );
});

describe("writePfx", () => {
  it("derives with PBKDF2 and HMAC-SHA-256, 10,000 rounds, in the modern form", async () => {
    const { folder, pkcs12 } = await written();
    const output = openssl([...pkcs12, "-info", "-noout"], folder);
    const pbes2 = "PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256";
    expect(output).toContain("MAC: sha256, Iteration 10000\nMAC length: 32, salt length: 16");
    expect(output).toContain(`PKCS7 Encrypted data: ${pbes2}`);
    expect(output).toContain(`Shrouded Keybag: ${pbes2}`);
  });

  it("uses 3DES and SHA-1 alone, 2,048 rounds, in the legacy form", async () => {
    const { folder, pkcs12 } = await written({ form: "legacy" });
    const output = openssl([...pkcs12, "-info", "-noout"], folder);
    const pbe = "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048";
    expect(output).toContain("MAC: sha1, Iteration 2048\n");
    expect(output).toContain(`PKCS7 Encrypted data: ${pbe}`);
    expect(output).toContain(`Shrouded Keybag: ${pbe}`);
  });

  it.skipIf(!hasLegacyOpenssl())(
    "writes a legacy form for openssl with its legacy provider",
    async () => {
      const { folder, pkcs12 } = await written({ form: "legacy" });
      expect(tryOpenssl([...pkcs12, "-noout", "-legacy"], folder).status).toBe(0);
    },
  );

  it("names the key and its certificate, and ties them together", async () => {
    const { folder, leaf, pkcs12 } = await written({ friendlyName: "dev 1" });
    const output = openssl([...pkcs12, "-noenc"], folder);
    expect(output.match(/friendlyName: dev 1/g)).toHaveLength(2);
    const id = leaf.certificate.sha1.replaceAll(/(..)/g, "$1 ");
    expect(output.split(`localKeyID: ${id}`)).toHaveLength(3);
  });

  it("needs no name", async () => {
    const { folder, pkcs12 } = await written({ friendlyName: undefined });
    expect(openssl([...pkcs12, "-noenc"], folder)).not.toContain("friendlyName");
  });

  it("keeps the key behind the password", async () => {
    const { folder, leaf, pfx, pkcs12 } = await written();
    writeFileSync(join(folder, "password"), "1234");
    expect(tryOpenssl([...pkcs12, "-noout"], folder).output).toContain("Mac verify error");
    const key = leaf.privateKey.export({ type: "pkcs8", format: "der" });
    expect(Buffer.from(pfx).includes(key.subarray(-32))).toBe(false);
  });

  it("is made of its input and the random bytes alone", async () => {
    const randomBytes = (size: number) => Buffer.alloc(size, 7);
    const contents = { ...contentsOf(leaves["EC"] as Issuer), randomBytes };
    expect(await writePfx(contents)).toEqual(await writePfx(contents));
    expect(await writePfx({ ...contents, randomBytes: undefined })).not.toEqual(
      await writePfx(contents),
    );
  });

  it("refuses the key of another certificate, no certificate, and the empty password", async () => {
    const contents = contentsOf(leaves["EC"] as Issuer);
    const mismatch = { code: "key-mismatch" };
    const { privateKey } = intermediate;
    await expect(writePfx({ ...contents, privateKey })).rejects.toMatchObject(mismatch);
    await expect(writePfx({ ...contents, certificates: [] })).rejects.toMatchObject(mismatch);
    await expect(writePfx({ ...contents, password: "" })).rejects.toMatchObject({
      code: "password-required",
    });
  });
});
