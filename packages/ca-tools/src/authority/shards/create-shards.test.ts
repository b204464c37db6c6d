import { createPrivateKey } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHAIN_FILE, caPaths, FIRST_INTERMEDIATE, ROOT } from "../../folder/layout.ts";
import { openPki } from "../../folder/pki.ts";
import { inDays, NOW } from "../../testing/authority.ts";
import { areAccepted } from "../../testing/openssl.ts";
import { CA_EXTENSIONS, opensslIssue } from "../../testing/openssl-ca.ts";
import { flawsOf } from "../../testing/pki-state.ts";
import { scratch } from "../../testing/scratch.ts";
import { snapshot } from "../../testing/snapshot.ts";
import type { Certificate } from "../../x509/certificate.ts";
import { createIntermediate, createRoot } from "../create-ca.ts";
import { createCrl } from "../crl.ts";
import { createDevices } from "../devices.ts";
import { lowestCas } from "../groups.ts";
import { importCa } from "../import-ca.ts";
import { loadCa, readCa } from "../load-ca.ts";
import { revoke } from "../revoke.ts";
import { createShards, MAX_SHARDS, type ShardOptions } from "./create-shards.ts";

const commonName = (index: number) => `fleet Shard ${index} CA`;
const registryOf = async (folder: string) =>
  (await openPki(folder)) ?? { version: 1 as const, cas: [] };
const modeOf = (...path: string[]) => statSync(join(...path)).mode & 0o777;
const keyOf = (folder: string, name: string) =>
  readFileSync(join(folder, caPaths(name).key), "utf8");

interface Fleet {
  pki: string;
  out: string;
  root: Certificate;
  make: (count: number, options?: Partial<ShardOptions>) => ReturnType<typeof createShards>;
}

async function fleet({ password }: { password?: string } = {}): Promise<Fleet> {
  const pki = scratch();
  const out = join(scratch(), "shards");
  const options = { commonName: "fleet Root CA", now: NOW, ...(password && { password }) };
  const { certificate: root } = await createRoot(pki, options);
  const make: Fleet["make"] = (count, more) =>
    createShards(pki, { count, out, commonName, now: NOW, ...more });
  return { pki, out, root, make };
}

const cas = async (folder: string) =>
  (await registryOf(folder)).cas.map(({ name, issuer, keyElsewhere }) => [
    name,
    issuer,
    keyElsewhere ?? false,
  ]);

describe("createShards", () => {
  it("makes for each machine a PKI folder with a CA of its own and no root key", async () => {
    const { pki, out, root, make } = await fleet();
    const { shards } = await make(3, { days: 90 });
    expect(shards.map(({ name, state }) => [name, state])).toEqual(
      [0, 1, 2].map((n) => [`shard-${n}`, "made"]),
    );
    expect(new Set(shards.map(({ certificate }) => certificate.subjectKey)).size).toBe(3);
    for (const { index, folder, certificate } of shards) {
      expect(await cas(folder)).toEqual([
        [ROOT, null, true],
        [FIRST_INTERMEDIATE, ROOT, false],
      ]);
      const keys = Object.keys(snapshot(folder)).filter((path) => /\.key\.pem$/.test(path));
      expect(keys).toEqual([caPaths(FIRST_INTERMEDIATE).key]);
      const signer = await loadCa(folder, await registryOf(folder), FIRST_INTERMEDIATE);
      expect(signer.certificate.sha256).toBe(certificate.sha256);
      expect(certificate.commonName).toBe(`fleet Shard ${index} CA`);
      expect(certificate.notAfter).toEqual(inDays(90));
      expect(readFileSync(join(folder, CHAIN_FILE), "utf8")).toBe(certificate.pem + root.pem);
    }
    expect(await cas(pki)).toEqual([
      [ROOT, null, false],
      ...[0, 1, 2].map((n) => [`shard-${n}`, ROOT, true]),
    ]);
    expect(Object.keys(snapshot(pki)).filter((path) => /\.key\.pem$/.test(path))).toHaveLength(1);
    expect(
      (await flawsOf(pki)).filter((flaw) => !flaw.includes("without its private key")),
    ).toEqual([]);
    expect(snapshot(out)).not.toHaveProperty(".gitignore");
  });

  it("lets nobody else into them", async () => {
    const { out, make } = await fleet();
    const { shards } = await make(1);
    const [{ folder = "" } = {}] = shards;
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("*\n");
    if (process.platform === "win32") return;
    expect([modeOf(out), modeOf(folder)]).toEqual([0o700, 0o700]);
    expect(modeOf(folder, caPaths(FIRST_INTERMEDIATE).key)).toBe(0o600);
  });

  it("takes the kind of keys and the password of the root, or those that are named", async () => {
    // The scripts' password, which is tried unasked.
    const { pki, out, make } = await fleet({ password: "1234" });
    await make(1);
    await make(2, { password: "of the shard", algorithm: "ec-p384" });
    const curves = ["1234", "of the shard"].map((passphrase, index) => {
      const key = keyOf(join(out, `shard-${index}`), FIRST_INTERMEDIATE);
      return createPrivateKey({ key, passphrase }).asymmetricKeyDetails?.namedCurve;
    });
    expect(curves).toEqual(["prime256v1", "secp384r1"]);
    expect((await registryOf(join(out, "shard-1"))).algorithm).toBe("ec-p384");
    expect((await registryOf(pki)).algorithm).toBe("ec-p256");
  });

  it.each([0, MAX_SHARDS + 1, 1.5])("refuses %d of them", async (count) => {
    const { make } = await fleet();
    await expect(make(count)).rejects.toMatchObject({ code: "invalid-name" });
  });
});

describe("createShards, once more", () => {
  it("changes nothing, and makes those that are missing", async () => {
    const { pki, out, make } = await fleet();
    await make(2);
    const before = [snapshot(pki), snapshot(out)];
    const { shards } = await make(2);
    expect(shards.map(({ state }) => state)).toEqual(["there", "there"]);
    expect([snapshot(pki), snapshot(out)]).toEqual(before);
    await make(3);
    expect(snapshot(pki)).toMatchObject(without("index.txt", "pki.json", before[0]));
    expect(snapshot(out)).toMatchObject(before[1] ?? {});
    expect(await cas(pki)).toHaveLength(4);
  });

  it("records what a killed command had put in place, and removes what it had not", async () => {
    const { pki, out, make } = await fleet();
    const onShard = () => {
      throw new Error("killed");
    };
    await expect(make(2, { onShard })).rejects.toThrow("killed");
    expect(await cas(pki)).toHaveLength(1);
    const draft = join(out, ".tmp-shard-0123456789ab");
    mkdirSync(join(draft, "private"), { recursive: true });
    writeFileSync(join(draft, "private", "key"), "half a key");
    const { shards } = await make(3);
    expect(shards.map(({ state }) => state)).toEqual(["there", "there", "made"]);
    expect(await cas(pki)).toHaveLength(4);
    expect(Object.keys(snapshot(out)).filter((path) => path.includes(".tmp-"))).toEqual([]);
  });

  it("makes no other CA for a shard that was moved to its machine, unless it is forced", async () => {
    const { pki, out, make } = await fleet();
    const { shards: first } = await make(2);
    renameSync(join(out, "shard-1"), join(out, "..", "machine"));
    const before = snapshot(pki);
    const { shards } = await make(2);
    expect(shards.map(({ state }) => state)).toEqual(["there", "away"]);
    expect(shards[1]?.certificate.sha256).toBe(first[1]?.certificate.sha256);
    expect(snapshot(pki)).toEqual(before);
    const forced = await make(2, { force: true });
    expect(forced.shards.map(({ state }) => state)).toEqual(["there", "made"]);
    const serialNumber = first[1]?.certificate.serialNumber;
    expect(forced.replaced).toEqual([{ name: "shard-1", serialNumber }]);
    const { cas: all } = await registryOf(pki);
    expect(all.map(({ name, generation }) => [name, generation])).toEqual([
      [ROOT, 1],
      ["shard-0", 1],
      ["shard-1", 2],
    ]);
    const path = caPaths("shard-1").certificate;
    const archived = Object.entries(snapshot(pki)).find(
      ([name]) => /^old-/.test(name) && name.endsWith(path),
    );
    expect(archived?.[1]).toBe(before[path]);
    const copy = `newcerts/${serialNumber}.pem`;
    expect(snapshot(pki)[copy]).toBe(before[copy]);
  });

  it("goes on where a forced command was killed", async () => {
    const { pki, out, make } = await fleet();
    await make(1);
    rmSync(join(out, "shard-0"), { recursive: true });
    const onShard = () => {
      throw new Error("killed");
    };
    await expect(make(1, { force: true, onShard })).rejects.toThrow("killed");
    await expect(make(1)).rejects.toMatchObject({ code: "exists" });
    const { shards, replaced } = await make(1, { force: true });
    expect([shards[0]?.state, replaced.length]).toEqual(["there", 1]);
    expect((await registryOf(pki)).cas.at(-1)?.sha256).toBe(shards[0]?.certificate.sha256);
  });

  it("is done by one of two at a time", async () => {
    const { pki, out, make } = await fleet();
    const [first, second] = await Promise.all([make(2), make(3)]);
    expect(
      [...first.shards, ...second.shards].filter(({ state }) => state === "made"),
    ).toHaveLength(3);
    for (const { name, certificate } of [...first.shards, ...second.shards]) {
      const folder = join(out, name);
      const { sha256 } = (await readCa(folder, await registryOf(folder), FIRST_INTERMEDIATE))
        .certificate;
      expect(sha256).toBe(certificate.sha256);
    }
    expect(await cas(pki)).toHaveLength(4);
  });
});

describe("createShards refuses", () => {
  it("the folder of another root's shard, or what is no shard's", async () => {
    const [one, other] = await Promise.all([fleet(), fleet()]);
    await one.make(1);
    const before = [snapshot(one.out), snapshot(other.pki)];
    await expect(other.make(1, { out: one.out })).rejects.toMatchObject({ code: "exists" });
    expect([snapshot(one.out), snapshot(other.pki)]).toEqual(before);
    mkdirSync(join(other.out, "shard-0"), { recursive: true });
    writeFileSync(join(other.out, "shard-0", "notes.txt"), "mine");
    await expect(other.make(1)).rejects.toMatchObject({ code: "not-a-pki-folder" });
  });

  it("the name of a group's CA", async () => {
    const { pki, make } = await fleet();
    const intermediate = { commonName: "CA", now: NOW };
    await createIntermediate(pki, { ...intermediate, group: "first" });
    await createIntermediate(pki, { ...intermediate, group: "shard-0" });
    await expect(make(1)).rejects.toMatchObject({ code: "exists" });
  });

  it("a folder without a root, or without its key, before anything is made", async () => {
    const { out, make } = await fleet();
    const options = { count: 1, out: join(scratch(), "others"), commonName, now: NOW };
    await expect(createShards(scratch(), options)).rejects.toMatchObject({ code: "not-found" });
    await make(1);
    const none = createShards(join(out, "shard-0"), options);
    await expect(none).rejects.toMatchObject({ code: "key-elsewhere" });
    expect(existsSync(options.out)).toBe(false);
  });

  it("a root that allows no CA below it", async () => {
    const pki = scratch();
    const extensions = ["basicConstraints=critical,CA:TRUE,pathlen:0", ...CA_EXTENSIONS.slice(1)];
    const own = opensslIssue(scratch(), { subject: "/CN=Last CA", extensions });
    const { certificate, privateKey } = own;
    await importCa(pki, { certificates: [certificate], privateKey, now: NOW });
    const none = createShards(pki, { count: 1, out: join(pki, "shards"), commonName, now: NOW });
    await expect(none).rejects.toMatchObject({ code: "not-a-ca" });
  });
});

describe("the folder of a shard", () => {
  it("does what needs no root key, and says of the rest where that key is", async () => {
    const { pki, root, make } = await fleet();
    const { shards } = await make(2);
    const [{ folder, certificate }] = shards as [(typeof shards)[0]];
    const registry = await registryOf(folder);
    expect(lowestCas(registry).map(({ name }) => name)).toEqual([FIRST_INTERMEDIATE]);
    const issuer = await loadCa(folder, registry, FIRST_INTERMEDIATE);
    const [device] = await createDevices(folder, { ids: ["pump-1"], issuer, now: NOW });
    const path = [device?.certificate, certificate, root] as Certificate[];
    expect(areAccepted(scratch(), [path], { at: NOW, purpose: "sslclient" })).toEqual([true]);
    const serialNumber = device?.certificate.serialNumber ?? "";
    await revoke(folder, { serialNumber, now: NOW });
    const { crl } = await createCrl(folder, { ca: issuer, now: NOW });
    expect(crl.entries.map((entry) => entry.serialNumber)).toEqual([serialNumber]);
    await expect(readCa(folder, registry, ROOT)).resolves.toMatchObject({ isEncrypted: false });
    const needsRoot = [
      () => loadCa(folder, registry, ROOT),
      () => createIntermediate(folder, { commonName: "CA", now: NOW, group: "second" }),
      async () => await loadCa(pki, await registryOf(pki), "shard-0"),
    ];
    for (const attempt of needsRoot) {
      await expect(attempt()).rejects.toMatchObject({ code: "key-elsewhere" });
    }
  });

  it("is revoked in the folder of the root, where its CA signs nothing", async () => {
    const { pki, make } = await fleet();
    const { shards } = await make(2);
    const registry = await registryOf(pki);
    expect(lowestCas(registry).map(({ name }) => name)).toEqual([ROOT]);
    const serialNumber = shards[1]?.certificate.serialNumber ?? "";
    await revoke(pki, { serialNumber, now: NOW, reason: "keyCompromise" });
    const { crl } = await createCrl(pki, { ca: await loadCa(pki, registry, ROOT), now: NOW });
    expect(crl.entries).toMatchObject([{ serialNumber, reason: "keyCompromise" }]);
  });
});

const without = (a: string, b: string, files: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(files).filter(([path]) => path !== a && path !== b));
