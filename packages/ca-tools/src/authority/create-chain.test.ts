import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { CHAIN_FILE, caPaths, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { openssl, tryOpenssl, verifyStrict } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { generateKeyPairs } from "../x509/keys.ts";
import { isChainFileMissing, restoreChainFile } from "./chain-file.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createChain } from "./create-chain.ts";
import { assignGroup } from "./groups.ts";
import { loadCa } from "./load-ca.ts";

const commonNames = ["Root CA", "First CA", "Second CA", "Third CA"];
const three = { commonNames, now: NOW };
const registryOf = async (folder: string) =>
  (await openPki(folder)) ?? { version: 1 as const, cas: [] };
const fileOf = (folder: string, path: string) => readFileSync(join(folder, path), "utf8");
const headOf = (folder: string, ca: string) => fileOf(folder, caPaths(ca).key).split("\n")[0];

describe("createChain", () => {
  it("makes intermediates below one another, which OpenSSL accepts strictly", async () => {
    const folder = scratch();
    const { made } = await createChain(folder, three);
    expect(made.map(({ name, certificate }) => [name, certificate.commonName])).toEqual([
      ["root", "Root CA"],
      ["intermediate", "First CA"],
      ["intermediate-2", "Second CA"],
      ["intermediate-3", "Third CA"],
    ]);
    const registry = await registryOf(folder);
    expect(registry.cas.map(({ issuer, file }) => [issuer, file])).toEqual([
      [null, "azure-iot-test-only.root.ca"],
      ["root", "azure-iot-test-only.intermediate"],
      ["intermediate", "intermediate-2.intermediate"],
      ["intermediate-2", "intermediate-3.intermediate"],
    ]);
    const { chain } = await loadCa(folder, registry, "intermediate-3");
    expect(chain).toHaveLength(4);
    expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
    expect(fileOf(folder, CHAIN_FILE)).toBe(chain.map(({ pem }) => pem).join(""));
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("sets no path length, as the scripts, and ends each CA with its issuer", async () => {
    const options = { ...three, rootDays: 100, intermediateDays: 90 };
    const { made } = await createChain(scratch(), options);
    expect(made.map(({ certificate }) => certificate.basicConstraints)).toEqual(
      made.map(() => ({ ca: true, pathLength: undefined })),
    );
    expect(made.map(({ certificate }) => certificate.notAfter)).toEqual(
      [100, 90, 90, 90].map(inDays),
    );
    const { made: cut } = await createChain(scratch(), { ...three, rootDays: 10 });
    expect(cut.map(({ cutFrom }) => cutFrom)).toEqual([undefined, ...Array(3).fill(inDays(180))]);
  });

  it("generates all keys at once", async () => {
    const generate = vi.fn(generateKeyPairs);
    await createChain(scratch(), { ...three, generateKeyPairs: generate });
    expect(generate.mock.calls).toEqual([["ec-p256", 4]]);
  });

  it("remembers the kind of keys for what is made later", async () => {
    const folder = scratch();
    await createChain(folder, { ...three, algorithm: "ec-p384" });
    const options = { commonName: "Other CA", now: NOW, group: "line-2" };
    const { certificate } = await createIntermediate(folder, options);
    expect(certificate.keyAlgorithm).toBe("ec-p384");
    const { made } = await createChain(folder, { ...three, force: true });
    expect(made.map((ca) => ca.certificate.keyAlgorithm)).toEqual(Array(4).fill("ec-p384"));
    const again = await createRoot(folder, { commonName: "Root", now: NOW, force: true });
    expect(again.certificate.keyAlgorithm).toBe("ec-p384");
  });

  it.each([1, 10])("refuses a chain of %i CAs", async (length) => {
    const options = { commonNames: Array(length).fill("CA"), now: NOW };
    await expect(createChain(scratch(), options)).rejects.toMatchObject({ code: "invalid-name" });
  });
});

describe("createChain, where something is there", () => {
  it("refuses, before it generates keys", async () => {
    const folder = scratch();
    await createChain(folder, three);
    const before = snapshot(folder);
    const generate = vi.fn(generateKeyPairs);
    const again = createChain(folder, { ...three, generateKeyPairs: generate });
    await expect(again).rejects.toMatchObject({ code: "exists", file: folder });
    expect(generate).not.toHaveBeenCalled();
    expect(snapshot(folder)).toEqual(before);
  });

  it("replaces the whole chain when forced, and keeps every file of the old one", async () => {
    const folder = scratch();
    await createChain(folder, three);
    const before = snapshot(folder);
    const shorter = { commonNames: ["New Root CA", "New CA"], now: NOW, force: true };
    const { archive } = await createChain(folder, shorter);
    const after = snapshot(folder);
    const chain = Object.keys(before).filter((path) => /^(?:certs|private)\/(?!\.)/.test(path));
    expect(chain).toHaveLength(9);
    for (const path of chain) expect(after[`${archive}/${path}`]).toBe(before[path]);
    expect((await registryOf(folder)).cas.map(({ name }) => name)).toEqual([
      "root",
      "intermediate",
    ]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("puts intermediates below a root that is alone, and leaves it as it is", async () => {
    const folder = scratch();
    const root = await createRoot(folder, { commonName: "Old Root CA", now: NOW });
    const key = fileOf(folder, caPaths(ROOT).key);
    const { made } = await createChain(folder, three);
    expect(made.map(({ name }) => name)).toEqual([
      "intermediate",
      "intermediate-2",
      "intermediate-3",
    ]);
    const { chain } = await loadCa(folder, await registryOf(folder), "intermediate-3");
    expect(chain.at(-1)?.sha256).toBe(root.certificate.sha256);
    expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
    expect(fileOf(folder, caPaths(ROOT).key)).toBe(key);
    expect(fileOf(folder, CHAIN_FILE)).toBe(chain.map(({ pem }) => pem).join(""));
  });

  it("makes nothing of the chain when one file of it cannot be put in place", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Root CA", now: NOW });
    writeFileSync(join(folder, "certs/intermediate-3.intermediate.cert.pem"), "a stray file");
    const before = snapshot(folder);
    await expect(createChain(folder, three)).rejects.toMatchObject({ code: "exists" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("lets one of two that make a chain at once win, and leaves nothing of the other", async () => {
    const folder = scratch();
    const both = await Promise.allSettled([createChain(folder, three), createChain(folder, three)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect((await registryOf(folder)).cas).toHaveLength(4);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("puts nothing below a root that another command replaced meanwhile", async () => {
    const folder = scratch();
    const root = { commonName: "Root CA", now: NOW };
    await createRoot(folder, root);
    const making = createChain(folder, {
      ...three,
      generateKeyPairs: async (algorithm, count) => {
        await createRoot(folder, { ...root, force: true });
        return await generateKeyPairs(algorithm, count);
      },
    });
    await expect(making).rejects.toMatchObject({ code: "locked" });
    expect((await registryOf(folder)).cas).toHaveLength(1);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("begins index.txt and serial anew where they are gone", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Root CA", now: NOW });
    for (const name of ["index.txt", "index.txt.attr", "serial"]) rmSync(join(folder, name));
    const { made } = await createChain(folder, { ...three, commonNames: ["Root CA", "CA"] });
    expect(fileOf(folder, "serial")).toBe("01\n");
    expect(fileOf(folder, "index.txt.attr")).toBe("unique_subject = no\n");
    expect(fileOf(folder, "index.txt")).toContain(made[0]?.certificate.serialNumber);
  });
});

describe("createChain with a password", () => {
  it("encrypts every key, and nothing opens without it", async () => {
    const folder = scratch();
    await createChain(folder, { commonNames: ["Root CA", "CA"], now: NOW, password: "pässword" });
    const secret = join(scratch(), "password");
    writeFileSync(secret, "pässword\n");
    for (const name of ["root", "intermediate"]) {
      expect(headOf(folder, name)).toBe("-----BEGIN ENCRYPTED PRIVATE KEY-----");
      const key = join(folder, caPaths(name).key);
      openssl(["pkey", "-in", key, "-passin", `file:${secret}`, "-noout"]);
      const pbe = tryOpenssl(["asn1parse", "-in", key]).output;
      // 600,000 rounds.
      expect(pbe).toContain(":0927C0");
    }
    const registry = await registryOf(folder);
    const loading = (password?: string) =>
      loadCa(folder, registry, ROOT, () => Promise.resolve(password));
    await expect(loading()).rejects.toMatchObject({ code: "password-required" });
    await expect(loading("wrong")).rejects.toMatchObject({ code: "wrong-password" });
    await expect(loading("wrong")).rejects.not.toThrow(/wrong(?! )/);
    await expect(loading("pässword")).resolves.toMatchObject({ record: { name: "root" } });
  });

  it("keeps what is made below an encrypted root under the same password", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Root CA", now: NOW, password: "secret" });
    const unlock = vi.fn(() => Promise.resolve("secret"));
    await createChain(folder, { commonNames: ["Root CA", "CA"], now: NOW, unlock });
    expect(headOf(folder, "intermediate")).toBe("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    expect(unlock).toHaveBeenCalledExactlyOnceWith(join(folder, caPaths(ROOT).key));
    const ca = await loadCa(folder, await registryOf(folder), "intermediate", unlock);
    expect(ca.chain).toHaveLength(2);
  });
});

describe("the chain file", () => {
  it("is written again where it is missing, by the next change or when asked for", async () => {
    const folder = scratch();
    await createChain(folder, three);
    const whole = fileOf(folder, CHAIN_FILE);
    expect(await isChainFileMissing(folder)).toBe(false);
    rmSync(join(folder, CHAIN_FILE));
    expect(await isChainFileMissing(folder)).toBe(true);
    await restoreChainFile(folder);
    expect(fileOf(folder, CHAIN_FILE)).toBe(whole);
    rmSync(join(folder, CHAIN_FILE));
    await assignGroup(folder, "intermediate-3", "line-1");
    expect(fileOf(folder, CHAIN_FILE)).toBe(whole);
    rmSync(join(folder, CHAIN_FILE));
    await createIntermediate(folder, { commonName: "CA", now: NOW, group: "line-2" });
    expect(fileOf(folder, CHAIN_FILE)).toBe(whole);
  });

  it("is not missed where there is no chain", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Root CA", now: NOW });
    expect(await isChainFileMissing(folder)).toBe(false);
    expect(await isChainFileMissing(join(folder, "none"))).toBe(false);
  });
});
