import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { archiveGroup } from "./archive-group.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createChain } from "./create-chain.ts";
import { createDevices } from "./devices.ts";
import { assignGroup } from "./groups.ts";
import { leafPaths } from "./leaf-files.ts";
import { loadCa } from "./load-ca.ts";
import { listDeviceIds } from "./load-device.ts";

let folder: string;

/** Two groups whose CAs bear one name, with a device each. */
beforeEach(async () => {
  folder = scratch();
  await createRoot(folder, { commonName: "Root CA", now: NOW });
  for (const group of ["line-1", "line-2"]) {
    const { name } = await createIntermediate(folder, { commonName: "CA", now: NOW, group });
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    const issuer = await loadCa(folder, registry, name);
    const pfx = { password: "pfx-secret" };
    await createDevices(folder, { ids: [`dev-${group}`], issuer, now: NOW, pfx });
    writeFileSync(join(folder, leafPaths(`dev-${group}`).request), `request ${group}`);
  }
});

describe("archiveGroup", () => {
  it("moves a CA and its devices away, and those of no other", async () => {
    const before = snapshot(folder);
    const archive = await archiveGroup(folder, { ca: FIRST_INTERMEDIATE, now: NOW });
    expect(archive).toBe("old-20300301T120000Z");
    const after = snapshot(folder);
    const moved = [
      ...Object.values(caPaths(FIRST_INTERMEDIATE)),
      ...Object.values(leafPaths("dev-line-1")),
      "certs/azure-iot-test-only.chain.ca.cert.pem",
    ];
    for (const path of moved) {
      expect(after[`${archive}/${path}`]).toBe(before[path]);
      expect(after).not.toHaveProperty([path]);
    }
    expect(await listDeviceIds(folder)).toEqual(["dev-line-2"]);
    expect((await openPki(folder))?.cas.map(({ name }) => name)).toEqual(["root", "line-2"]);
    // They were issued: newcerts/ and index.txt go on saying so.
    expect(after["index.txt"]).toBe(before["index.txt"]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("makes room for a new CA of that name", async () => {
    await archiveGroup(folder, { ca: FIRST_INTERMEDIATE, now: NOW });
    const options = { commonName: "CA", now: NOW, group: "line-3" };
    expect((await createIntermediate(folder, options)).name).toBe(FIRST_INTERMEDIATE);
  });

  it.each([
    ["root", "invalid-name"],
    ["line-9", "not-found"],
  ])("refuses %s, and moves nothing", async (ca, code) => {
    const before = snapshot(folder);
    await expect(archiveGroup(folder, { ca, now: NOW })).rejects.toMatchObject({ code });
    expect(snapshot(folder)).toEqual(before);
  });

  it("leaves what is above the CA as a chain, with its chain file", async () => {
    const commonNames = ["Root", "One", "Two", "Three"];
    await createChain(folder, { commonNames, now: NOW, force: true });
    const archive = await archiveGroup(folder, { ca: "intermediate-3", now: NOW });
    const chain = "certs/azure-iot-test-only.chain.ca.cert.pem";
    const files = snapshot(folder);
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    const left = await loadCa(folder, registry, "intermediate-2");
    expect(files[chain]).toBe(left.chain.map(({ pem }) => pem).join(""));
    expect(files[`${archive}/${chain}`]?.endsWith(files[chain] ?? "-")).toBe(true);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("refuses a CA that others hang on, and moves nothing", async () => {
    await createChain(folder, { commonNames: ["Root", "One", "Two"], now: NOW, force: true });
    const before = snapshot(folder);
    const archived = archiveGroup(folder, { ca: FIRST_INTERMEDIATE, now: NOW });
    await expect(archived).rejects.toMatchObject({ code: "invalid-name" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("frees a root that signs a group's devices itself, and moves those", async () => {
    await createRoot(folder, { commonName: "Root", now: NOW, force: true });
    await assignGroup(folder, ROOT, "line-1");
    expect(await archiveGroup(folder, { ca: ROOT, now: NOW })).toBe("");
    await assignGroup(folder, ROOT, "line-2");
    const issuer = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, ROOT);
    await createDevices(folder, { ids: ["dev-9"], issuer, now: NOW });
    const archive = await archiveGroup(folder, { ca: ROOT, now: NOW });
    const files = snapshot(folder);
    expect(files).toHaveProperty([`${archive}/certs/dev-9.cert.pem`]);
    expect(files).toHaveProperty([caPaths(ROOT).key]);
    expect((await openPki(folder))?.cas).toMatchObject([{ name: ROOT, group: null }]);
  });
});
