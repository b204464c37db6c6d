import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { caPaths, FIRST_INTERMEDIATE, PKI_FILE, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { loadCa, openCa, readCa } from "./load-ca.ts";

const root = { commonName: "Factory Root CA", now: NOW };
const intermediate = { commonName: "Factory Intermediate CA", now: NOW, group: null };

describe("loadCa", () => {
  async function chain(): Promise<string> {
    const folder = scratch();
    await createRoot(folder, root);
    await createIntermediate(folder, intermediate);
    return folder;
  }
  const load = async (folder: string, name: string) => {
    const registry = await openPki(folder);
    return await loadCa(folder, registry ?? { version: 1, cas: [] }, name);
  };

  it("gives a CA with its key and the certificates above it", async () => {
    const folder = await chain();
    const ca = await load(folder, FIRST_INTERMEDIATE);
    expect(ca.chain.map(({ commonName }) => commonName)).toEqual([
      "Factory Intermediate CA",
      "Factory Root CA",
    ]);
    expect(ca.certificate.x509.checkPrivateKey(ca.privateKey)).toBe(true);
    expect(ca.record.name).toBe(FIRST_INTERMEDIATE);
  });

  it("names the CAs that there are", async () => {
    await expect(load(await chain(), "line-9")).rejects.toMatchObject({
      code: "not-found",
      message: "the PKI folder has no CA named line-9 (it has: root, intermediate)",
      hint: "see them with: dps-certs ca show",
    });
    await expect(load(scratch(), ROOT)).rejects.toMatchObject({
      code: "not-found",
      hint: "make one with: dps-certs ca create",
    });
  });

  const { certificate, key } = caPaths(FIRST_INTERMEDIATE);
  it.each([
    ["an empty key", key, "", "invalid-key"],
    ["a key that is none", key, "-----BEGIN PRIVATE KEY-----\nAAAA\n", "invalid-key"],
    ["an empty certificate", certificate, "", "invalid-certificate"],
    ["a certificate that is none", certificate, "AAAA", "invalid-certificate"],
    ["too large a file", certificate, "A".repeat(2 ** 21), "damaged-folder"],
  ])("names the file, and leaves it, when it finds %s", async (_, path, content, code) => {
    const folder = await chain();
    writeFileSync(join(folder, path), content);
    const before = snapshot(folder);
    const refusal = { code, file: join(folder, path) };
    await expect(load(folder, FIRST_INTERMEDIATE)).rejects.toMatchObject(refusal);
    await expect(load(folder, ROOT)).resolves.toBeDefined();
    expect(snapshot(folder)).toEqual(before);
  });

  it.each([certificate, key])("names %s when it is missing", async (path) => {
    const folder = await chain();
    rmSync(join(folder, path));
    const refusal = { code: "not-found", file: join(folder, path) };
    await expect(load(folder, FIRST_INTERMEDIATE)).rejects.toMatchObject(refusal);
  });

  it("names the command that makes the chain anew, of the folder's own kind", async () => {
    const folder = await chain();
    rmSync(join(folder, key));
    const hint = (command: string) => ({ hint: expect.stringMatching(`: ${command} --force$`) });
    await expect(load(folder, FIRST_INTERMEDIATE)).rejects.toMatchObject(
      hint("dps-certs ca create"),
    );
    // As the scripts leave it.
    rmSync(join(folder, PKI_FILE));
    await expect(load(folder, FIRST_INTERMEDIATE)).rejects.toMatchObject(
      hint("dps-certs certgen create_root_and_intermediate"),
    );
  });

  it("refuses the key of another certificate", async () => {
    const folder = await chain();
    const pem = openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]);
    writeFileSync(join(folder, key), pem);
    const loading = load(folder, FIRST_INTERMEDIATE);
    await expect(loading).rejects.toMatchObject({ code: "key-mismatch", file: join(folder, key) });
    await expect(loading).rejects.not.toThrow(pem.slice(40, 80));
  });

  it("refuses a certificate that pki.json does not name, with its key or above the CA", async () => {
    const folder = await chain();
    const other = await chain();
    for (const name of [ROOT, FIRST_INTERMEDIATE]) {
      const paths = caPaths(name);
      for (const path of [paths.certificate, paths.key]) {
        writeFileSync(join(folder, path), readFileSync(join(other, path)));
      }
      const refusal = { code: "damaged-folder", file: join(folder, paths.certificate) };
      await expect(load(folder, FIRST_INTERMEDIATE)).rejects.toMatchObject(refusal);
    }
  });
});

/** The root's key is encrypted. */
async function encrypted(password: string) {
  const folder = scratch();
  await createRoot(folder, { ...root, password });
  return { folder, registry: (await openPki(folder)) ?? { version: 1 as const, cas: [] } };
}

describe("a CA whose key is encrypted", () => {
  it("is read without a password, and loaded with it", async () => {
    const { folder, registry } = await encrypted("secret");
    const known = await readCa(folder, registry, ROOT);
    expect(known).toMatchObject({ isEncrypted: true, record: { name: ROOT } });
    expect(known).not.toHaveProperty("privateKey");
    const password = vi.fn(() => Promise.resolve("secret"));
    const opened = await openCa(folder, registry, ROOT, password);
    expect(opened.password).toBe("secret");
    expect(opened.ca.certificate.x509.checkPrivateKey(opened.ca.privateKey)).toBe(true);
    expect(password).toHaveBeenCalledExactlyOnceWith(join(folder, caPaths(ROOT).key));
  });

  it("is loaded without asking when it has the password of the scripts", async () => {
    const { folder, registry } = await encrypted("1234");
    const password = vi.fn();
    const opened = await openCa(folder, registry, ROOT, password);
    expect(opened.password).toBe("1234");
    expect(password).not.toHaveBeenCalled();
  });
});

describe("readCa", () => {
  it("compares a key that is not encrypted with the certificate", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    await expect(readCa(folder, registry, ROOT)).resolves.toMatchObject({ isEncrypted: false });
    const { key } = caPaths(ROOT);
    writeFileSync(join(folder, key), openssl(["ecparam", "-name", "prime256v1", "-genkey"]));
    await expect(readCa(folder, registry, ROOT)).rejects.toMatchObject({ code: "key-mismatch" });
    rmSync(join(folder, key));
    await expect(readCa(folder, registry, ROOT)).rejects.toMatchObject({ code: "not-found" });
  });
});
