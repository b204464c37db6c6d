import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { devicePaths } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { scratch } from "../testing/scratch.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices } from "./devices.ts";
import { type Ca, loadCa } from "./load-ca.ts";
import { listDeviceIds, loadDevice, readDevice } from "./load-device.ts";

let folder: string;
let issuer: Ca;

beforeEach(async () => {
  folder = scratch();
  await createRoot(folder, { commonName: "Root CA", now: NOW });
  await createIntermediate(folder, { commonName: "CA", now: NOW, group: null });
  issuer = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, "intermediate");
});

const create = (ids: string[]) => createDevices(folder, { ids, issuer, now: NOW });

describe("listDeviceIds", () => {
  it("lists devices alone, sorted", async () => {
    await create(["dev-2", "a:b", "dev-1", "con"]);
    expect(await listDeviceIds(folder)).toEqual(["a:b", "con", "dev-1", "dev-2"]);
  });

  it("is empty where there is no folder", async () => {
    expect(await listDeviceIds(join(folder, "none"))).toEqual([]);
  });
});

describe("readDevice", () => {
  it("gives the certificate, or nothing", async () => {
    const [made] = await create(["dev-1"]);
    expect((await readDevice(folder, "dev-1"))?.sha256).toBe(made?.certificate.sha256);
    expect(await readDevice(folder, "dev-2")).toBeUndefined();
  });

  it("stays in the folder, whatever the id", async () => {
    expect(await readDevice(folder, "../../etc/passwd")).toBeUndefined();
  });
});

describe("loadDevice", () => {
  it("gives what the device sends, and its key", async () => {
    await create(["dev-1"]);
    const { certificate, chainPem, keyPem } = await loadDevice(folder, "dev-1");
    expect(chainPem).toBe(readFileSync(join(folder, devicePaths("dev-1").fullChain), "utf8"));
    expect(keyPem).toBe(readFileSync(join(folder, devicePaths("dev-1").key), "utf8"));
    expect(certificate.commonName).toBe("dev-1");
  });

  it("names the chain when it is lost: without it no service would know the device", async () => {
    await create(["dev-1"]);
    const file = join(folder, devicePaths("dev-1").fullChain);
    rmSync(file);
    const refusal = { code: "damaged-folder", file, message: `${file} is missing` };
    await expect(loadDevice(folder, "dev-1")).rejects.toMatchObject(refusal);
  });

  it.each([
    ["certificate", "invalid-certificate"],
    ["key", "invalid-key"],
    ["fullChain", "invalid-certificate"],
  ] as const)("names a damaged %s", async (kind, code) => {
    await create(["dev-1"]);
    const file = join(folder, devicePaths("dev-1")[kind]);
    writeFileSync(file, "x");
    await expect(loadDevice(folder, "dev-1")).rejects.toMatchObject({ code, file });
  });

  it("refuses the key or the chain of another device", async () => {
    await create(["dev-1", "dev-2", "dev-3"]);
    const take = (kind: "key" | "fullChain", id: string) =>
      writeFileSync(
        join(folder, devicePaths(id)[kind]),
        readFileSync(join(folder, devicePaths("dev-1")[kind])),
      );
    take("key", "dev-2");
    take("fullChain", "dev-3");
    await expect(loadDevice(folder, "dev-2")).rejects.toMatchObject({ code: "key-mismatch" });
    await expect(loadDevice(folder, "dev-3")).rejects.toMatchObject({ code: "damaged-folder" });
  });

  it("names the file that a device that was never made lacks", async () => {
    const file = join(folder, devicePaths("dev-9").certificate);
    await expect(loadDevice(folder, "dev-9")).rejects.toMatchObject({ code: "not-found", file });
  });
});
