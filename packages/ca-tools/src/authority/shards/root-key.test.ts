import { cpSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../../folder/layout.ts";
import { openPki } from "../../folder/pki.ts";
import { NOW } from "../../testing/authority.ts";
import { chainFolder } from "../../testing/chain-folder.ts";
import { createDevices } from "../devices.ts";
import { refuseRootKey } from "./root-key.ts";

const { copy, issuer } = chainFolder();

/** As a shard's folder is, but for what is put at `place`: the root's key. */
async function refusal(place: string | undefined): Promise<unknown> {
  const folder = copy();
  await createDevices(folder, { ids: ["pump-1"], issuer: issuer(), now: NOW });
  const key = join(folder, "key");
  renameSync(join(folder, caPaths(ROOT).key), key);
  if (place !== undefined) {
    mkdirSync(join(folder, place, ".."), { recursive: true });
    renameSync(key, join(folder, place));
  }
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  return await refuseRootKey(folder, registry).catch((error: unknown) => error);
}

describe("refuseRootKey", () => {
  it.each([
    ["under its own name", caPaths(ROOT).key],
    ["under another", "private/backup.pem"],
    ["as a device's that has no certificate", "private/pump-2.key.pem"],
    ["in an archive", `old-20300301T120000Z/${caPaths(ROOT).key}`],
  ])("finds the key of the root %s", async (_, place) => {
    expect(await refusal(place)).toMatchObject({
      code: "root-key",
      file: expect.stringMatching(`${place}$`),
    });
  });

  it("takes no other key for it", async () => {
    expect(await refusal(undefined)).toBeUndefined();
  });

  it("finds one that is encrypted by its name, and passes what is no key", async () => {
    const folder = copy();
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    writeFileSync(join(folder, caPaths(ROOT).key), "-----BEGIN ENCRYPTED PRIVATE KEY-----");
    await expect(refuseRootKey(folder, registry)).rejects.toMatchObject({ code: "root-key" });
    renameSync(join(folder, caPaths(ROOT).key), join(folder, "private", "notes.txt"));
    const own = join(folder, caPaths(FIRST_INTERMEDIATE).key);
    cpSync(own, join(folder, "private", "copy.pem"));
    await expect(refuseRootKey(folder, registry)).resolves.toBeUndefined();
  });
});
