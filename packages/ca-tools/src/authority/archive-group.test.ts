import { beforeEach, describe, expect, it } from "vitest";
import { caPaths, devicePaths, FIRST_INTERMEDIATE } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { archiveGroup } from "./archive-group.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices } from "./devices.ts";
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
    await createDevices(folder, { ids: [`dev-${group}`], issuer, now: NOW });
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
      ...Object.values(devicePaths("dev-line-1")),
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
});
