import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openPki } from "../folder/pki.ts";
import { inDays, issue, NOW } from "../testing/authority.ts";
import { chainFolder, loadCaOf } from "../testing/chain-folder.ts";
import { openssl, textOf, verifyStrict } from "../testing/openssl.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificates } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { createRoot } from "./create-ca.ts";
import { createDevices, type DeviceOptions } from "./devices.ts";
import { issuersOf } from "./issuers.ts";
import { leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { loadDevice, readDevice } from "./load-device.ts";
import { type RenewedDevice, type RenewOptions, renewDevices } from "./renew.ts";
import { revoke } from "./revoke.ts";

const LATER = inDays(20);
const ARCHIVE = "old-20300321T120000Z";
let folder: string;
let issuer: Ca;

const chain = chainFolder();
beforeEach(() => {
  folder = chain.copy();
  issuer = chain.issuer();
});

const load = (name: string) => loadCaOf(folder, name);

const create = (ids: string[], options: Partial<DeviceOptions> = {}) =>
  createDevices(folder, { ids, issuer, now: NOW, ...options });

async function renew(id: string, options: Partial<RenewOptions> = {}): Promise<RenewedDevice> {
  const [device] = await renewDevices(folder, { ids: [id], issuer, now: LATER, ...options });
  if (device === undefined) throw new Error("nothing was renewed");
  return device;
}

const file = (id: string, kind: keyof ReturnType<typeof leafPaths>) =>
  join(folder, leafPaths(id)[kind]);
const keyOf = (id: string) => readFileSync(file(id, "key"), "utf8");

/** Puts a certificate that others made in the place of a device's. */
function plant(id: string, { certificate, privateKey }: Issuer): void {
  writeFileSync(file(id, "certificate"), certificate.pem);
  writeFileSync(file(id, "fullChain"), certificate.pem + issuer.certificate.pem);
  writeFileSync(file(id, "key"), exportPrivateKeyPem(privateKey));
}

describe("renewDevices", () => {
  it("makes another certificate for the same key, for 30 days from now", async () => {
    const [made] = await create(["dev-1"]);
    const key = keyOf("dev-1");
    const { certificate, replaced, leftOut, lostPfx } = await renew("dev-1");
    expect(certificate).toMatchObject({ subject: "CN=dev-1", notAfter: inDays(50) });
    expect(certificate.serialNumber).not.toBe(made?.certificate.serialNumber);
    expect(replaced.sha256).toBe(made?.certificate.sha256);
    expect([leftOut, lostPfx, keyOf("dev-1")]).toEqual([[], false, key]);
    const { chainPem } = await loadDevice(folder, "dev-1");
    const chain = parseCertificates(chainPem);
    expect(chain[0]?.sha256).toBe(certificate.sha256);
    const path = [...chain, ...issuer.chain.slice(1)];
    const verified = verifyStrict(scratch(), path, { at: inDays(40), purpose: "sslclient" });
    expect(verified).toMatchObject({ status: 0 });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("keeps the old certificate and chain, and leaves the key where it is", async () => {
    await create(["dev-1"]);
    const before = snapshot(folder);
    await renew("dev-1");
    const after = snapshot(folder);
    const kept = Object.keys(after).filter((path) => path.startsWith("old-"));
    expect(kept).toEqual([
      `${ARCHIVE}/.gitignore`,
      `${ARCHIVE}/certs/dev-1-full-chain.cert.pem`,
      `${ARCHIVE}/certs/dev-1.cert.pem`,
    ]);
    for (const path of kept.slice(1))
      expect(after[path]).toBe(before[path.slice(ARCHIVE.length + 1)]);
  });

  it("refuses a certificate that was revoked, and changes nothing", async () => {
    const [, made] = await create(["dev-1", "dev-2"]);
    await revoke(folder, { serialNumber: made?.certificate.serialNumber ?? "", now: NOW });
    const before = snapshot(folder);
    for (const ids of [["dev-2"], ["dev-1", "dev-2"]]) {
      const renewed = renewDevices(folder, { ids, issuer, now: LATER, newKey: true });
      await expect(renewed).rejects.toMatchObject({
        code: "invalid-certificate",
        file: file("dev-2", "certificate"),
        hint: expect.stringContaining("device create dev-2 --force"),
      });
    }
    expect(snapshot(folder)).toEqual(before);
    await renew("dev-1");
  });

  it("renews several in one change, one that is named twice once", async () => {
    await create(["dev-1", "dev-2"]);
    const renewed = await renewDevices(folder, {
      ids: ["dev-2", "dev-1", "dev-2"],
      issuer,
      now: LATER,
    });
    expect(renewed.map(({ id }) => id)).toEqual(["dev-2", "dev-1"]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("renews a certificate that has ended", async () => {
    await create(["dev-1"]);
    const { certificate } = await renew("dev-1", { now: inDays(60), days: 5 });
    expect(certificate.notAfter).toEqual(inDays(65));
  });

  it("says when the issuer's end cuts the new one short", async () => {
    await create(["dev-1"]);
    const { certificate, cutFrom } = await renew("dev-1", { days: 400 });
    expect(certificate.notAfter).toEqual(issuer.certificate.notAfter);
    expect(cutFrom).toEqual(inDays(420));
  });

  it("makes another key of the same kind when asked to, and keeps the old one", async () => {
    await create(["dev-1"], { algorithm: "ec-p384" });
    const key = keyOf("dev-1");
    const { certificate } = await renew("dev-1", { newKey: true });
    expect(certificate.keyAlgorithm).toBe("ec-p384");
    expect(keyOf("dev-1")).not.toBe(key);
    expect(snapshot(folder)[`${ARCHIVE}/private/dev-1.key.pem`]).toBe(key);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("keeps what a server is known by, and what an Edge CA is", async () => {
    const names = { dns: ["*.gw.example"], ip: ["10.0.0.5", "::1"] };
    const [server] = await create(["gw-1"], {
      profile: "edgeServer",
      subjectAlternativeNames: names,
    });
    await create(["gw-1"], { profile: "edgeCa" });
    const { certificate } = await renew("gw-1.server");
    expect(certificate.subject).toBe("CN=gw-1");
    expect(certificate.subjectAlternativeNames).toEqual(
      server?.certificate.subjectAlternativeNames,
    );
    expect(textOf(certificate)).toContain("TLS Web Server Authentication");
    expect((await renew("gw-1.ca")).certificate.basicConstraints?.ca).toBe(true);
    // An Edge CA's chain has the root.
    expect(readFileSync(file("gw-1.ca", "fullChain"), "utf8").match(/BEGIN/g)).toHaveLength(3);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("has another CA sign when it is named, and the chain lead there", async () => {
    await create(["dev-1"]);
    const root = await load("root");
    expect((await renew("dev-1", { issuer: root })).certificate.issuer).toBe("CN=Root CA");
    expect(readFileSync(file("dev-1", "fullChain"), "utf8").match(/BEGIN/g)).toHaveLength(1);
  });

  it("needs no password for the key of a device: it stays as it is", async () => {
    await create(["dev-1"], { keyPassword: "secret-1" });
    const key = keyOf("dev-1");
    await renew("dev-1");
    expect(keyOf("dev-1")).toBe(key);
    expect((await loadDevice(folder, "dev-1", async () => "secret-1")).keyPem).toContain("PRIVATE");
  });

  it("puts no key in the clear in an encrypted one's place", async () => {
    await create(["dev-1"], { keyPassword: "secret-1" });
    const before = snapshot(folder);
    const refused = renew("dev-1", { newKey: true });
    await expect(refused).rejects.toMatchObject({ code: "password-required" });
    expect(snapshot(folder)).toEqual(before);
    await renew("dev-1", { newKey: true, keyPassword: "secret-2" });
    expect(await loadDevice(folder, "dev-1", async () => "secret-2")).toBeDefined();
  });

  it("renews a device that has its key to itself", async () => {
    await create(["dev-1"]);
    rmSync(file("dev-1", "key"));
    writeFileSync(file("dev-1", "request"), "its request");
    const old = await readDevice(folder, "dev-1");
    const { certificate } = await renew("dev-1");
    expect(certificate.x509.publicKey.equals(old?.x509.publicKey as never)).toBe(true);
    expect(existsSync(file("dev-1", "key"))).toBe(false);
    expect(readFileSync(file("dev-1", "request"), "utf8")).toBe("its request");
    for (const options of [{ newKey: true }, { pfx: { password: "x" } }]) {
      await expect(renew("dev-1", options)).rejects.toMatchObject({
        code: "not-found",
        hint: /ca sign/,
      });
    }
  });

  it("writes a PFX when it has a password, else moves away the one that is there and says so", async () => {
    const pfx = { password: "secret-1" };
    await create(["dev-1"], { pfx, keyPassword: "secret-2" });
    expect(await renew("dev-1", { pfx, password: async () => "secret-2" })).toMatchObject({
      lostPfx: false,
    });
    const args = ["pkcs12", "-in", file("dev-1", "pfx"), "-passin", "stdin", "-nokeys", "-clcerts"];
    const serial = (await readDevice(folder, "dev-1"))?.serialNumber;
    const text = openssl([...args], folder, "secret-1\n");
    expect(openssl(["x509", "-noout", "-serial"], folder, text)).toBe(`serial=${serial}\n`);
    expect(await renew("dev-1")).toMatchObject({ lostPfx: true });
    expect(existsSync(file("dev-1", "pfx"))).toBe(false);
    expect(Object.keys(snapshot(folder)).filter((path) => path.endsWith(".pfx"))).toHaveLength(2);
  });

  it("asks for the password of the key that a PFX is to hold", async () => {
    await create(["dev-1"], { keyPassword: "secret-1" });
    const refused = renew("dev-1", { pfx: { password: "x" } });
    await expect(refused).rejects.toMatchObject({ code: "password-required" });
  });
});

describe("renewDevices refuses", () => {
  const planted = async (extensions: readonly string[], subject = "/CN=dev-1") => {
    await create(["dev-1"]);
    plant("dev-1", opensslIssue(scratch(), { subject, extensions, issuer }));
  };

  it("a device that is not there", async () => {
    await expect(renew("dev-9")).rejects.toMatchObject({
      code: "not-found",
      file: file("dev-9", "certificate"),
    });
  });

  it("what is not a device's, though its name could be one", async () => {
    await expect(renew("azure-iot-test-only.root.ca")).rejects.toMatchObject({
      code: "invalid-name",
    });
  });

  it.each([
    [
      "whose usages are of no kind that is made here",
      [...LEAF_EXTENSIONS.slice(0, 1), "keyUsage=critical,keyAgreement"],
      "/CN=dev-1",
    ],
    [
      "that serves and registers at once",
      LEAF_EXTENSIONS.map((one) => one.replace("clientAuth", "clientAuth,serverAuth")),
      "/CN=dev-1",
    ],
    ["with more in its subject than a name", LEAF_EXTENSIONS, "/O=Factory/CN=dev-1"],
    [
      "with a critical extension that is not known",
      [...LEAF_EXTENSIONS, "1.2.3.4=critical,ASN1:NULL"],
      "/CN=dev-1",
    ],
    [
      "of a CA whose paths are limited",
      [
        ...CA_EXTENSIONS.slice(0, 1).map((one) => `${one},pathlen:0`),
        "keyUsage=critical,digitalSignature,keyCertSign,cRLSign",
        ...CA_EXTENSIONS.slice(2),
      ],
      "/CN=dev-1",
    ],
  ])("a certificate %s", async (_, extensions, subject) => {
    await planted(extensions, subject);
    const before = snapshot(folder);
    await expect(renew("dev-1")).rejects.toMatchObject({
      code: "invalid-certificate",
      file: file("dev-1", "certificate"),
    });
    expect(snapshot(folder)).toEqual(before);
  });

  it("nothing for an extension that is not known: it is left out, and named", async () => {
    await planted([
      ...LEAF_EXTENSIONS,
      "1.2.3.4=ASN1:NULL",
      "subjectAltName=DNS:dev-1,email:a@b.c",
    ]);
    const { certificate, leftOut } = await renew("dev-1");
    expect(leftOut.toSorted()).toEqual(["1.2.3.4", "2.5.29.17"]);
    expect(certificate.subjectAlternativeNames).toEqual([{ type: "dns", value: "dev-1" }]);
    expect(textOf(certificate)).not.toContain("1.2.3.4");
  });

  it("a key that is not the certificate's, which a new key mends", async () => {
    await create(["dev-1", "dev-2"]);
    writeFileSync(file("dev-1", "key"), keyOf("dev-2"));
    await expect(renew("dev-1")).rejects.toMatchObject({ code: "key-mismatch" });
    await renew("dev-1", { newKey: true });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("a damaged certificate or key, and names it", async () => {
    await create(["dev-1", "dev-2"]);
    writeFileSync(file("dev-1", "certificate"), "x");
    writeFileSync(file("dev-2", "key"), "x");
    await expect(renew("dev-1")).rejects.toMatchObject({ file: file("dev-1", "certificate") });
    await expect(renew("dev-2")).rejects.toMatchObject({
      code: "invalid-key",
      file: file("dev-2", "key"),
    });
  });

  it("an issuer that has ended, or was replaced since it was loaded", async () => {
    await create(["dev-1"]);
    await expect(renew("dev-1", { now: inDays(181) })).rejects.toMatchObject({
      code: "outside-validity",
    });
    await createRoot(folder, { commonName: "Root CA", now: NOW, force: true });
    await expect(renew("dev-1")).rejects.toMatchObject({ code: "locked" });
  });

  it("the slower of two that renew the same device: one certificate takes the place", async () => {
    await create(["dev-1"]);
    const both = await Promise.allSettled([renew("dev-1"), renew("dev-1")]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refusal = both.find(({ status }) => status === "rejected");
    expect(refusal).toMatchObject({ reason: { code: "locked" } });
    expect(await flawsOf(folder)).toEqual([]);
  });
});

describe("issuersOf", () => {
  it("tells the CA by its signature: one of the same name is another", async () => {
    const [made] = await create(["dev-1"]);
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    const stranger = await issue("CA", await load("root"));
    const theirs = await issue("dev-1", stranger, { profile: "device" });
    const certificates = [made?.certificate, theirs.certificate].flatMap((one) => one ?? []);
    const issuers = await issuersOf(folder, registry, certificates);
    expect(issuers.map((record) => record?.name)).toEqual(["intermediate", undefined]);
  });
});
