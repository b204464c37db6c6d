import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { devicePaths } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { verifyStrict } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificates } from "../x509/certificate.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices, type DeviceOptions } from "./devices.ts";
import { type Ca, loadCa } from "./load-ca.ts";
import { loadDevice } from "./load-device.ts";

let folder: string;
let issuer: Ca;

beforeEach(async () => {
  folder = scratch();
  await createRoot(folder, { commonName: "Root CA", now: NOW });
  await createIntermediate(folder, { commonName: "CA", now: NOW, group: null });
  issuer = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, "intermediate");
});

const create = (ids: string[], options: Partial<DeviceOptions> = {}) =>
  createDevices(folder, { ids, issuer, now: NOW, ...options });

describe("createDevices", () => {
  it("makes key, certificate and full chain of each device, for 30 days", async () => {
    const made = await create(["dev-1", "dev:2"]);
    expect(made.map(({ id }) => id)).toEqual(["dev-1", "dev:2"]);
    for (const { id, certificate } of made) {
      expect(certificate).toMatchObject({ commonName: id, notAfter: inDays(30) });
      const paths = devicePaths(id);
      const chain = parseCertificates(readFileSync(join(folder, paths.fullChain), "utf8"));
      // The root is left out: the service knows it.
      expect(chain.map(({ subject }) => subject)).toEqual([`CN=${id}`, "CN=CA"]);
      const path = [...chain, ...issuer.chain.slice(1)];
      const verified = verifyStrict(scratch(), path, { at: NOW, purpose: "sslclient" });
      expect(verified).toMatchObject({ status: 0 });
      expect(statSync(join(folder, paths.key)).mode & 0o777).toBe(0o600);
    }
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("takes no CA that was archived or replaced since it was loaded", async () => {
    await createRoot(folder, { commonName: "Root CA", now: NOW, force: true });
    await expect(create(["dev-1"])).rejects.toMatchObject({ code: "locked" });
    await createIntermediate(folder, { commonName: "CA", now: NOW, group: null });
    await expect(create(["dev-1"])).rejects.toMatchObject({ code: "locked" });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("hands over no key", async () => {
    const [made] = await create(["dev-1"]);
    expect(Object.keys(made ?? {}).sort()).toEqual(["certificate", "id"]);
  });

  it("leaves the root out of a chain that it signs itself", async () => {
    const root = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, "root");
    await create(["dev-1"], { issuer: root });
    const chain = readFileSync(join(folder, devicePaths("dev-1").fullChain), "utf8");
    expect(parseCertificates(chain)).toHaveLength(1);
  });

  it("is cut to the issuer's end, and says so", async () => {
    const [made] = await create(["dev-1"], { days: 400 });
    expect(made).toMatchObject({ cutFrom: inDays(400) });
    expect(made?.certificate.notAfter).toEqual(issuer.certificate.notAfter);
  });

  it.each([
    ["is reserved", ["new-device"]],
    ["is empty", [""]],
    ["has 65 characters", ["x".repeat(65)]],
    ["is named twice", ["dev-1", "dev-2", "dev-1"]],
    ["differs from another by letter case", ["dev-1", "DEV-1"]],
  ])("refuses all when an id %s", async (_, ids) => {
    const before = snapshot(folder);
    await expect(create(ids)).rejects.toMatchObject({ code: "invalid-name" });
    expect(snapshot(folder)).toEqual(before);
  });

  it.each(["dev-1", "DEV-1"])("refuses all when %s is there", async (id) => {
    await create(["dev-1"]);
    const before = snapshot(folder);
    await expect(create(["dev-0", id])).rejects.toMatchObject({ code: "exists" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("replaces a device when forced, and keeps what it replaces", async () => {
    await create(["dev-1", "dev-2"]);
    const before = snapshot(folder);
    const [made] = await create(["dev-1"], { force: true });
    expect((await loadDevice(folder, "dev-1")).certificate.sha256).toBe(made?.certificate.sha256);
    const after = snapshot(folder);
    for (const path of Object.values(devicePaths("dev-1"))) {
      expect(after[`old-20300301T120000Z/${path}`]).toBe(before[path]);
      expect(after[path]).not.toBe(before[path]);
    }
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("does not replace one that differs by letter case, forced or not", async () => {
    await create(["dev-1"]);
    const other = create(["DEV-1"], { force: true });
    await expect(other).rejects.toMatchObject({ code: "exists", message: /letter case/ });
  });

  it.each(Object.values(devicePaths("dev-1")))("replaces one whose %s is lost", async (path) => {
    await create(["dev-1"]);
    rmSync(join(folder, path));
    await create(["dev-1"], { force: true });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("wants --force while the certificate is there, and keeps what is left where it is gone", async () => {
    await create(["dev-1"]);
    const paths = devicePaths("dev-1");
    const key = readFileSync(join(folder, paths.key), "utf8");
    rmSync(join(folder, paths.fullChain));
    await expect(create(["dev-1"])).rejects.toMatchObject({ code: "exists" });
    rmSync(join(folder, paths.certificate));
    await create(["dev-1"]);
    expect(readFileSync(join(folder, "old-20300301T120000Z", paths.key), "utf8")).toBe(key);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("does not issue for an issuer that has expired", async () => {
    const late = create(["dev-1"], { now: inDays(181) });
    await expect(late).rejects.toMatchObject({ code: "outside-validity" });
  });
});
