import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ageLock, buildScripts, countChanges, crashPoints, runChild } from "../testing/children.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { inBatches } from "./batches.ts";
import { changePki, openPki } from "./pki.ts";

const SCRIPT = "change-folder.js";

beforeAll(buildScripts, 60_000);

/** A folder with a device whose full chain was lost. */
async function withDevice(parent: string): Promise<string> {
  const folder = join(parent, "pki");
  await changePki(folder, () => ({
    files: [
      { path: "private/dev.key.pem", data: "old key", secret: true },
      { path: "certs/dev.cert.pem", data: "old certificate" },
    ],
    rows: ["V\t300301000000Z\t\t01\tunknown\t/CN=dev"],
  }));
  return folder;
}

/** Kills the script at its changes to the file system, and looks at what is left. */
async function killAtEach(
  plan: string,
  isPoint: (n: number) => boolean,
  prepare: (parent: string) => Promise<string> | string,
  look: (folder: string, killAt: number) => Promise<void>,
): Promise<number> {
  const total = await countChanges(SCRIPT, [await prepare(scratch()), plan]);
  const points = Array.from({ length: total }, (_, n) => n + 1).filter(isPoint);
  const folders = Array.from({ length: total }, scratch);
  await inBatches(points, async (killAt) => {
    const folder = await prepare(folders[killAt - 1] ?? "");
    const { signal } = await runChild(SCRIPT, [folder, plan], { killAt });
    expect(signal).toBe("SIGKILL");
    ageLock(folder);
    await look(folder, killAt);
  });
  return total;
}

const withoutTemporaries = (folder: string) =>
  Object.fromEntries(
    Object.entries(snapshot(folder)).filter(([path]) => !/(?:^|\/)\.tmp-/.test(path)),
  );

describe("a command that is killed", { timeout: 240_000 }, () => {
  it("while it begins a folder leaves one that the next command finishes", async () => {
    const whole = scratch();
    await runChild(SCRIPT, [whole, "one"]);
    const total = await killAtEach(
      "one",
      crashPoints(13),
      (parent) => join(parent, "pki"),
      async (folder) => {
        mkdirSync(folder, { recursive: true });
        const registry = await openPki(folder);
        expect(registry?.cas ?? []).toEqual([]);
        await changePki(folder, () => ({
          files: [{ path: "certs/one.cert.pem", data: "new certs/one.cert.pem\n", replace: true }],
        }));
        expect(snapshot(folder)).toEqual(snapshot(whole));
      },
    );
    expect(total).toBeGreaterThan(30);
  });

  it("while it replaces a device, at any point, has done all of it or nothing", async () => {
    const before = withoutTemporaries(await withDevice(scratch()));
    const done = await withDevice(scratch());
    await runChild(SCRIPT, [done, "replace"]);
    const after = snapshot(done);
    const outcomes: string[] = [];
    await killAtEach("replace", crashPoints(9), withDevice, async (folder, killAt) => {
      await openPki(folder);
      const found = withoutTemporaries(folder);
      const isDone = "newcerts/0A.pem" in found;
      outcomes[killAt] = isDone ? "all" : "nothing";
      expect(found).toEqual(isDone ? after : before);
      await changePki(folder, () => ({ files: [] }));
      expect(snapshot(folder)).toEqual(isDone ? after : before);
    });
    // One point of no return: nothing before it, all behind it.
    expect(outcomes.filter(Boolean).join(" ")).toMatch(/^(?:nothing )+(?:all ?)+$/);
    expect(after).toMatchObject({
      "old-20300301T120000Z/private/dev.key.pem": "old key",
      "old-20300301T120000Z/certs/dev.cert.pem": "old certificate",
    });
    expect(after["index.txt"]?.split("\n")).toEqual([
      "R\t300301000000Z\t300301120000Z,superseded\t01\tunknown\t/CN=dev",
      "V\t300401000000Z\t\t0A\tunknown\t/CN=dev",
      "R\t300401000000Z\t300301120000Z,superseded\t0B\tunknown\t/CN=dev",
      "",
    ]);
  });

  it("again while it recovers, is finished by the one after", async () => {
    const done = await withDevice(scratch());
    await runChild(SCRIPT, [done, "replace"]);
    const killAt = (await countChanges(SCRIPT, [await withDevice(scratch()), "replace"])) - 11;
    for (const second of [4, 9]) {
      const folder = await withDevice(scratch());
      await runChild(SCRIPT, [folder, "replace"], { killAt });
      ageLock(folder);
      const { signal } = await runChild(SCRIPT, [folder, "none"], { killAt: second });
      expect(signal).toBe("SIGKILL");
      ageLock(folder);
      await openPki(folder);
      expect(snapshot(folder)).toEqual(snapshot(done));
    }
  });

  it("leaves a lock that those who find it take over one after the other", async () => {
    const folder = await withDevice(scratch());
    mkdirSync(join(folder, ".lock"));
    ageLock(folder);
    const made = await Promise.all(
      Array.from({ length: 3 }, (_, n) =>
        changePki(folder, () => ({ files: [{ path: `certs/${n}.cert.pem`, data: "x" }] })),
      ),
    );
    expect(made).toHaveLength(3);
    expect(Object.keys(snapshot(folder)).filter((path) => /certs\/\d/.test(path))).toHaveLength(3);
  });
});

describe("a change that fails", () => {
  it("takes back what it has written", async () => {
    const folder = await withDevice(scratch());
    const before = snapshot(folder);
    const changing = changePki(folder, () => ({
      files: [
        { path: "private/new.key.pem", data: "key", secret: true },
        { path: "nowhere/new.cert.pem", data: "certificate" },
      ],
    }));
    await expect(changing).rejects.toMatchObject({ code: "ENOENT" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("overwrites nothing", async () => {
    const folder = await withDevice(scratch());
    const before = snapshot(folder);
    const files = [
      { path: "certs/new.cert.pem", data: "new" },
      { path: "certs/dev.cert.pem", data: "new" },
    ];
    const file = join(folder, "certs/dev.cert.pem");
    await expect(changePki(folder, () => ({ files }))).rejects.toMatchObject({
      code: "exists",
      file,
    });
    expect(snapshot(folder)).toEqual(before);
  });

  it("changes nothing when its lock was taken over", async () => {
    const folder = await withDevice(scratch());
    const before = snapshot(folder);
    const changing = changePki(folder, () => {
      rmdirSync(join(folder, ".lock"));
      mkdirSync(join(folder, ".lock"));
      return { files: [{ path: "certs/new.cert.pem", data: "new" }] };
    });
    await expect(changing).rejects.toMatchObject({ code: "locked" });
    expect(snapshot(folder)).toEqual(before);
  });
});
