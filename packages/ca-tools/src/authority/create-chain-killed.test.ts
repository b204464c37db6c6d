import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { inBatches } from "../folder/batches.ts";
import { CHAIN_FILE } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { ageLock, buildScripts, countChanges, crashPoints, runChild } from "../testing/children.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { createChain } from "./create-chain.ts";

const SCRIPT = "chain-step.js";
const args = (folder: string) => [folder, NOW.toISOString()];

beforeAll(buildScripts, 60_000);

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("createChain, killed", { timeout: 120_000 }, () => {
  it("leaves the whole chain or none, no key open or unencrypted, and is finished by the next", async () => {
    const total = await countChanges(SCRIPT, args(scratch()));
    const points = Array.from({ length: total }, (_, n) => n + 1).filter(crashPoints(25));
    expect(points.length).toBeGreaterThan(2);
    await inBatches(points, async (killAt) => {
      const folder = scratch();
      const { signal } = await runChild(SCRIPT, args(folder), { killAt });
      expect(signal).toBe("SIGKILL");
      for (const file of filesOf(folder)) {
        if (!readFileSync(file, "utf8").includes("PRIVATE KEY-----")) continue;
        expect(readFileSync(file, "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
        expect(statSync(file).mode & 0o777).toBe(0o600);
      }
      ageLock(folder);
      const names = (await openPki(folder))?.cas.map(({ name }) => name) ?? [];
      expect([0, 3]).toContain(names.length);
      const again = createChain(folder, { commonNames: ["Root", "CA", "CA 2"], now: NOW });
      await (names.length === 0
        ? again
        : expect(again).rejects.toMatchObject({ code: "exists", file: folder }));
      expect((await openPki(folder))?.cas).toHaveLength(3);
      expect(readFileSync(join(folder, CHAIN_FILE), "utf8").match(/BEGIN/g)).toHaveLength(3);
      expect(await flawsOf(folder)).toEqual([]);
    });
  });
});
