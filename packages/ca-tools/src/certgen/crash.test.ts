import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { inBatches } from "../folder/batches.ts";
import { NOW } from "../testing/authority.ts";
import { ageLock, buildScripts, countChanges, runChild } from "../testing/children.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createScriptChain } from "./create-chain.ts";

const SCRIPT = "certgen-step.js";
const options = { now: NOW, algorithm: "ec-p256" } as const;

beforeAll(buildScripts, 60_000);

/** Points at which a run is killed: spread over its changes to the file system. */
async function points(folder: string, count: number, force: boolean): Promise<number[]> {
  const total = await countChanges(SCRIPT, [folder, NOW.toISOString()], { force });
  expect(total).toBeGreaterThan(count);
  return Array.from({ length: count }, (_, n) => Math.round(((n + 0.7) * total) / count));
}

async function killAt(folder: string, point: number, force: boolean): Promise<void> {
  const args = [folder, NOW.toISOString()];
  const { signal } = await runChild(SCRIPT, args, { killAt: point, force });
  expect([point, signal]).toEqual([point, "SIGKILL"]);
  ageLock(folder);
}

const rootIn = (folder: string) =>
  readFileSync(join(folder, "certs/azure-iot-test-only.root.ca.cert.pem"), "utf8");

describe("making the script's chain, killed", { timeout: 60_000 }, () => {
  it("is finished or done anew by the next run, without --force", async () => {
    const folders = (await points(scratch(), 3, false)).map((point) => ({
      point,
      folder: scratch(),
    }));
    await inBatches(folders, async ({ point, folder }) => {
      await killAt(folder, point, false);
      // Where the chain is there by then, the next run has only finished it.
      const code = await createScriptChain(folder, options).catch((error) => error.code);
      expect([point, code]).toEqual([point, typeof code === "string" ? "exists" : code]);
      expect([point, await flawsOf(folder)]).toEqual([point, []]);
      expect(Object.keys(snapshot(folder)).filter((path) => path.startsWith("old-"))).toEqual([]);
    });
  });

  it("over another has replaced it or not touched it, and none of its files is lost", async () => {
    const whole = scratch();
    await createScriptChain(whole, options);
    const begun = (await points(whole, 3, true)).map((point) => ({ point, folder: scratch() }));
    await inBatches(begun, async ({ point, folder }) => {
      await createScriptChain(folder, options);
      const before = snapshot(folder);
      await killAt(folder, point, true);
      const { root } = await createScriptChain(folder, { ...options, force: true });
      expect([point, await flawsOf(folder)]).toEqual([point, []]);
      expect(rootIn(folder)).toBe(root.pem);
      const kept = new Set(Object.values(snapshot(folder)));
      const lost = Object.entries(before).filter(
        ([path, content]) => path !== "pki.json" && !kept.has(content),
      );
      expect([point, lost]).toEqual([point, []]);
    });
  });
});
