import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { verifyStrict } from "../testing/openssl.ts";
import { flawsOf, serialOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { loadCa } from "./load-ca.ts";

const root = { commonName: "Factory Root CA", now: NOW };
const intermediate = { commonName: "Factory Intermediate CA", now: NOW, group: null };
const groupsOf = async (folder: string) =>
  (await openPki(folder))?.cas.map(({ name, group }) => [name, group]);

describe("createRoot", () => {
  it("makes a self-signed CA for a year, and its key", async () => {
    const folder = scratch();
    const { certificate } = await createRoot(folder, root);
    expect(certificate).toMatchObject({ commonName: "Factory Root CA", notAfter: inDays(365) });
    const registry = await openPki(folder);
    expect(registry?.cas).toEqual([
      {
        name: ROOT,
        file: "azure-iot-test-only.root.ca",
        issuer: null,
        sha256: certificate.sha256,
        group: null,
        generation: 1,
      },
    ]);
    expect(verifyStrict(scratch(), [certificate], { at: NOW })).toMatchObject({ status: 0 });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("takes another algorithm and lifetime", async () => {
    const options = { ...root, algorithm: "ec-p384", days: 10 } as const;
    const { certificate } = await createRoot(scratch(), options);
    expect(certificate.x509.publicKey.asymmetricKeyDetails?.namedCurve).toBe("secp384r1");
    expect(certificate.notAfter).toEqual(inDays(10));
  });

  it("refuses where there is one", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    const before = snapshot(folder);
    await expect(createRoot(folder, root)).rejects.toMatchObject({ code: "exists", file: folder });
    expect(snapshot(folder)).toEqual(before);
  });

  it("refuses where there is one whose files are kept elsewhere", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    for (const path of Object.values(caPaths(ROOT))) rmSync(join(folder, path));
    const before = snapshot(folder);
    await expect(createRoot(folder, root)).rejects.toMatchObject({ code: "exists", file: folder });
    expect(snapshot(folder)).toEqual(before);
  });

  it("replaces the whole chain when forced, and keeps every file of the old one", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    await createIntermediate(folder, intermediate);
    await createIntermediate(folder, { ...intermediate, group: "line-2" });
    const before = snapshot(folder);
    const { certificate } = await createRoot(folder, { ...root, force: true });
    expect((await openPki(folder))?.cas.map(({ sha256 }) => sha256)).toEqual([certificate.sha256]);
    const after = snapshot(folder);
    const chain = Object.keys(before).filter((path) => /^(?:certs|private)\/(?!\.)/.test(path));
    expect(chain).toHaveLength(7);
    for (const path of chain) expect(after[`old-20300301T120000Z/${path}`]).toBe(before[path]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("keeps each of two that are replaced in one second", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    await createRoot(folder, { ...root, force: true });
    await createRoot(folder, { ...root, force: true });
    const key = `/${caPaths(ROOT).key}`;
    const old = Object.keys(snapshot(folder)).filter((path) => path.endsWith(key));
    expect(old.sort()).toEqual([`old-20300301T120000Z-2${key}`, `old-20300301T120000Z${key}`]);
  });

  it("makes room, when forced, for files that pki.json does not name", async () => {
    const folder = scratch();
    await changePki(folder, () => ({ files: [{ path: caPaths(ROOT).key, data: "stray" }] }));
    await expect(createRoot(folder, root)).rejects.toMatchObject({
      code: "exists",
      file: join(folder, caPaths(ROOT).key),
    });
    await createRoot(folder, { ...root, force: true });
    expect(snapshot(folder)).toMatchObject({
      [`old-20300301T120000Z/${caPaths(ROOT).key}`]: "stray",
    });
    expect(await flawsOf(folder)).toEqual([]);
  });
});

describe("createIntermediate", () => {
  it("makes a CA below the root for half a year, and the chain file of the scripts", async () => {
    const folder = scratch();
    const made = await createRoot(folder, root);
    const { certificate, name } = await createIntermediate(folder, intermediate);
    expect(name).toBe(FIRST_INTERMEDIATE);
    expect(certificate.notAfter).toEqual(inDays(180));
    const path = [certificate, made.certificate];
    expect(verifyStrict(scratch(), path, { at: NOW })).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, "certs/azure-iot-test-only.chain.ca.cert.pem"), "utf8")).toBe(
      certificate.pem + made.certificate.pem,
    );
    expect(serialOf(join(folder, "newcerts", `${certificate.serialNumber}.pem`))).toBe(
      certificate.serialNumber,
    );
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("names further ones after their groups, and leaves the chain file alone", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    await createIntermediate(folder, { ...intermediate, group: "line-1" });
    const chain = snapshot(folder)["certs/azure-iot-test-only.chain.ca.cert.pem"];
    const { name } = await createIntermediate(folder, { ...intermediate, group: "line-2" });
    expect(name).toBe("line-2");
    expect(await groupsOf(folder)).toEqual([
      [ROOT, null],
      [FIRST_INTERMEDIATE, "line-1"],
      ["line-2", "line-2"],
    ]);
    expect(snapshot(folder)).toMatchObject({
      "certs/azure-iot-test-only.chain.ca.cert.pem": chain,
      "certs/line-2.intermediate.cert.pem": expect.any(String),
    });
  });

  it.each(["root", "intermediate", "a group/with signs", "x".repeat(128)])(
    "finds a name for the CA of group %s",
    async (group) => {
      const folder = scratch();
      await createRoot(folder, root);
      await createIntermediate(folder, intermediate);
      const { name } = await createIntermediate(folder, { ...intermediate, group });
      expect(await groupsOf(folder)).toContainEqual([name, group]);
      expect(await flawsOf(folder)).toEqual([]);
    },
  );

  it("refuses a second one for a group, in whatever letter case", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    await createIntermediate(folder, { ...intermediate, group: "Line-1" });
    const before = snapshot(folder);
    const again = createIntermediate(folder, { ...intermediate, group: "line-1" });
    await expect(again).rejects.toMatchObject({ code: "exists" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("is cut to the root's end, and says so", async () => {
    const folder = scratch();
    await createRoot(folder, { ...root, days: 100 });
    const made = await createIntermediate(folder, intermediate);
    expect(made.certificate.notAfter).toEqual(inDays(100));
    expect(made.cutFrom).toEqual(inDays(180));
  });

  it("wants a root", async () => {
    const folder = join(scratch(), "pki");
    const made = createIntermediate(folder, intermediate);
    await expect(made).rejects.toMatchObject({ code: "not-found" });
  });

  it("does not put below one root what another has signed", async () => {
    const folder = scratch();
    await createRoot(folder, root);
    const making = createIntermediate(folder, { ...intermediate, algorithm: "rsa-2048" });
    // The root was read by now, and the key takes longer than a new root.
    const replacing = createRoot(folder, { ...root, force: true });
    const [made] = await Promise.allSettled([making, replacing]);
    if (made.status === "rejected") expect(made.reason).toMatchObject({ code: "locked" });
    expect(await flawsOf(folder)).toEqual([]);
    const registry = await openPki(folder);
    for (const { name } of registry?.cas ?? []) {
      const { chain } = await loadCa(folder, registry ?? { version: 1, cas: [] }, name);
      expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
    }
  });
});
