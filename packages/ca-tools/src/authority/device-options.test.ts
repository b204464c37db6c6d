import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { NOW } from "../testing/authority.ts";
import { chainFolder, loadCaOf } from "../testing/chain-folder.ts";
import { openssl } from "../testing/openssl.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createDevices, type DeviceOptions } from "./devices.ts";
import { leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { listDeviceIds, loadDevice } from "./load-device.ts";

let folder: string;
let issuer: Ca;

const load = (name: string) => loadCaOf(folder, name);

const chain = chainFolder();
beforeEach(() => {
  folder = chain.copy();
  issuer = chain.issuer();
});

const create = (ids: string[], options: Partial<DeviceOptions> = {}) =>
  createDevices(folder, { ids, issuer, now: NOW, ...options });

/** The common name as openssl reads it, without escapes. */
function commonNameOf(id: string): string | undefined {
  const file = join(folder, leafPaths(id).certificate);
  const form = ["-nameopt", "multiline,utf8,-esc_msb,-esc_ctrl"];
  const text = openssl(["x509", "-noout", "-subject", ...form, "-in", file]);
  return /commonName += (.*)\n$/s.exec(text)?.[1];
}

describe("a device id", () => {
  it.each([
    ["slashes", "a/b/../c"],
    ["two dots", ".."],
    ["spaces", " my dev "],
    ["quotes", `a"b'c`],
    ["commas and equals signs", "a,CN=b"],
    ["a number sign", "#a0b1"],
    ["a backslash", "a\\b"],
    ["plus and semicolon", "a+b;c"],
    ["an emoji", "dev-🔥"],
    ["a percent sign", "a%2Fb"],
    ["64 characters", "é".repeat(30) + "x".repeat(34)],
  ])("with %s is the common name, byte for byte, and stays in the folder", async (_, id) => {
    const before = Object.keys(snapshot(folder)).length;
    await create([id]);
    expect(commonNameOf(id)).toBe(id);
    expect(await listDeviceIds(folder)).toEqual([id]);
    expect((await loadDevice(folder, id)).certificate.commonName).toBe(id);
    // Key, certificate, chain and the issuer's copy.
    expect(Object.keys(snapshot(folder))).toHaveLength(before + 4);
  });

  it.each([
    ["a newline", "a\nb"],
    ["NUL", "a\0b"],
    ["half a character", "a\ud83d"],
    ["65 characters", "x".repeat(65)],
    ["nothing in it", ""],
    ["too long a file name", "🔥".repeat(20)],
  ])("with %s is refused, and nothing is made", async (_, id) => {
    const before = snapshot(folder);
    await expect(create(["dev-1", id])).rejects.toMatchObject({ code: "invalid-name" });
    expect(snapshot(folder)).toEqual(before);
  });
});

describe("the kind of a device's key", () => {
  it("is that of the folder's chain, unless another is asked for", async () => {
    writeFileSync(
      join(folder, "pki.json"),
      readFileSync(join(folder, "pki.json"), "utf8").replace(
        /"version": 1,(\s+"algorithm": "[^"]+",)?/,
        '"version": 1, "algorithm": "rsa-2048",',
      ),
    );
    const [ofChain] = await create(["dev-1"]);
    const [own] = await create(["dev-2"], { algorithm: "ec-p384" });
    expect([ofChain?.certificate.keyAlgorithm, own?.certificate.keyAlgorithm]).toEqual([
      "rsa-2048",
      "ec-p384",
    ]);
  });
});

describe("an encrypted device key", () => {
  it("is encrypted in the file from the start, and opens with the password", async () => {
    await create(["dev-1"], { keyPassword: "secret-1" });
    const file = join(folder, leafPaths("dev-1").key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    await expect(loadDevice(folder, "dev-1")).rejects.toMatchObject({ code: "password-required" });
    const wrong = loadDevice(folder, "dev-1", async () => "secret-2");
    await expect(wrong).rejects.toMatchObject({ code: "wrong-password", file });
    const device = await loadDevice(folder, "dev-1", async () => "secret-1");
    expect(device.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(JSON.stringify(snapshot(folder))).not.toContain("secret-1");
  });
});

describe("a device's PFX", () => {
  it.each(["modern", "legacy"] as const)(
    "in the %s form holds the key and the whole chain, for its owner alone",
    async (form) => {
      await create(["dev-1"], { pfx: { password: "secret-1", form } });
      const file = join(folder, leafPaths("dev-1").pfx);
      expect(file).toMatch(/certs\/dev-1\.cert\.pfx$/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const show = ["pkcs12", "-in", file, "-passin", "stdin", "-info", "-nodes", "-legacy"];
      const text = openssl(form === "legacy" ? show : show.slice(0, -1), folder, "secret-1\n");
      expect(text.match(/^subject=.*$/gm)).toEqual([
        expect.stringMatching(/CN ?= ?dev-1/),
        expect.stringMatching(/CN ?= ?CA/),
        expect.stringMatching(/CN ?= ?Root CA/),
      ]);
      expect(text).toContain(readFileSync(join(folder, leafPaths("dev-1").key), "utf8"));
      expect(text).toContain(form === "modern" ? "PBES2" : "pbeWithSHA1And3-KeyTripleDES-CBC");
    },
  );

  it("is moved away with the device that is replaced", async () => {
    await create(["dev-1"], { pfx: { password: "secret-1" } });
    await create(["dev-1"], { force: true });
    const files = Object.keys(snapshot(folder)).filter((path) => path.endsWith(".pfx"));
    expect(files).toEqual(["old-20300301T120000Z/certs/dev-1.cert.pfx"]);
  });
});

describe("the issuer of a device", () => {
  it("is any CA of a chain, and the full chain leads up from there", async () => {
    for (const [name, length] of [
      ["root", 1],
      ["intermediate", 2],
    ] as const) {
      const [made] = await create([`by-${name}`], { issuer: await load(name) });
      const { chainPem } = await loadDevice(folder, `by-${name}`);
      expect(made?.certificate.issuer).toBe(name === "root" ? "CN=Root CA" : "CN=CA");
      expect(chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(length);
    }
  });
});
