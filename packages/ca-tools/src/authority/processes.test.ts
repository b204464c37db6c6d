import { cpSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { inBatches } from "../folder/batches.ts";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { ageLock, buildScripts, countChanges, crashPoints, runChild } from "../testing/children.ts";
import { flawsOf, serialOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices, type MadeDevice } from "./devices.ts";
import { loadCa } from "./load-ca.ts";
import { listDeviceIds } from "./load-device.ts";

const SCRIPT = "authority-step.js";
const TIME = NOW.toISOString();

interface Printed {
  made?: string[];
  code?: string;
}

const run = async (folder: string, ...step: string[]): Promise<Printed> => {
  const { stdout } = await runChild(SCRIPT, [folder, TIME, ...step]);
  return JSON.parse(stdout) as Printed;
};

async function withChain(): Promise<string> {
  const folder = join(scratch(), "pki");
  await createRoot(folder, { commonName: "Root", now: NOW });
  await createIntermediate(folder, { commonName: "CA", now: NOW, group: null });
  return folder;
}

beforeAll(buildScripts, 60_000);

describe("several processes at once", { timeout: 60_000 }, () => {
  it("make devices in one folder without losing any", async () => {
    const folder = await withChain();
    const batches = [0, 1, 2, 3].map((n) => [0, 1, 2, 3, 4].map((m) => `dev-${n}-${m}`));
    const made = await Promise.all(batches.map((ids) => run(folder, "devices", ...ids)));
    const serials = made.flatMap(({ made: own = [] }) => own);
    expect(new Set(serials).size).toBe(20);
    expect(await listDeviceIds(folder)).toEqual(batches.flat().sort());
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("make one root: one wins, and the other leaves nothing", async () => {
    const folder = join(scratch(), "pki");
    const made = await Promise.all([run(folder, "root"), run(folder, "root")]);
    const winners = made.flatMap(({ made: own = [] }) => own);
    expect(winners).toEqual([serialOf(join(folder, caPaths(ROOT).certificate))]);
    expect(made.map(({ code }) => code).sort()).toEqual(["exists", undefined]);
    expect(await flawsOf(folder)).toEqual([]);
    expect(Object.keys(snapshot(folder)).filter((path) => path.includes("root.ca"))).toHaveLength(
      2,
    );
  });
});

interface Killed {
  prepare: () => Promise<string>;
  step: string[];
  /** Kills it at every so many of its changes to the file system. */
  stride: number;
  force?: boolean;
  /** The same command once more. */
  again: (folder: string) => Promise<unknown>;
  look: (folder: string, again: PromiseSettledResult<unknown>) => Promise<void> | void;
}

async function killOften({ prepare, step, stride, force = false, again, look }: Killed) {
  const template = await prepare();
  const parent = scratch();
  const copy = (name: string) => {
    cpSync(template, join(parent, name), { recursive: true });
    return join(parent, name);
  };
  const args = (folder: string) => [folder, TIME, ...step];
  const total = await countChanges(SCRIPT, args(copy("whole")), { force });
  const points = Array.from({ length: total }, (_, n) => n + 1).filter(crashPoints(stride));
  await inBatches(points, async (killAt) => {
    const folder = copy(`killed-at-${killAt}`);
    const { signal } = await runChild(SCRIPT, args(folder), { killAt, force });
    expect(signal).toBe("SIGKILL");
    ageLock(folder);
    const [result] = await Promise.allSettled([again(folder)]);
    await look(folder, result);
    expect(await flawsOf(folder)).toEqual([]);
  });
}

/** Done now, or found to have been done by the command that was killed. */
function expectDone(result: PromiseSettledResult<unknown>): void {
  if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "exists" });
}

async function namesIn(folder: string): Promise<string[] | undefined> {
  return (await openPki(folder))?.cas.map(({ name }) => name);
}

async function withRoot(): Promise<string> {
  const folder = join(scratch(), "pki");
  await createRoot(folder, { commonName: "Root", now: NOW });
  return folder;
}

async function makeDevice(folder: string, force: boolean): Promise<MadeDevice[]> {
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const issuer = await loadCa(folder, registry, FIRST_INTERMEDIATE);
  return await createDevices(folder, { ids: ["dev-1"], issuer, now: NOW, force });
}

// The points of a change are killed at in crash.test.ts; these are samples of the real commands.
describe("a command that is killed", { timeout: 240_000 }, () => {
  it("while it makes a root, is finished or undone by the next", async () => {
    await killOften({
      prepare: () => Promise.resolve(scratch()),
      step: ["root"],
      stride: 29,
      again: (folder) => createRoot(folder, { commonName: "Root", now: NOW }),
      look: async (folder, result) => {
        expectDone(result);
        expect(await namesIn(folder)).toEqual([ROOT]);
      },
    });
  });

  it("while it makes an intermediate, is finished or undone by the next", async () => {
    const options = { commonName: "CA", now: NOW, group: "line-1" };
    await killOften({
      prepare: withRoot,
      step: ["intermediate", "line-1"],
      stride: 23,
      again: (folder) => createIntermediate(folder, options),
      look: async (folder, result) => {
        expectDone(result);
        expect(await namesIn(folder)).toEqual([ROOT, FIRST_INTERMEDIATE]);
      },
    });
  });

  it("while it replaces a device, loses neither the old one nor the new", async () => {
    await killOften({
      prepare: async () => {
        const folder = await withChain();
        await makeDevice(folder, false);
        return folder;
      },
      step: ["devices", "dev-1"],
      stride: 31,
      force: true,
      again: (folder) => makeDevice(folder, true),
      look: (folder, result) => {
        expect(result.status).toBe("fulfilled");
        const paths = Object.keys(snapshot(folder));
        const ending = (end: string) => paths.filter((path) => path.endsWith(end));
        // What was ever signed lies somewhere with its key; one of newcerts/ is the intermediate.
        const signed = ending(".pem").filter((path) => path.startsWith("newcerts/")).length - 1;
        expect(signed).toBeGreaterThan(1);
        expect(ending("certs/dev-1.cert.pem")).toHaveLength(signed);
        expect(ending("private/dev-1.key.pem")).toHaveLength(signed);
      },
    });
  });
});
