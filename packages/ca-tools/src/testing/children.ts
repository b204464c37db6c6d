/** Processes of their own, which can be killed. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import lockfile from "proper-lockfile";
import { rolldown } from "rolldown";

const HERE = import.meta.dirname;
const PACKAGE = join(HERE, "..", "..");
const SCRIPTS = ["authority-step", "certgen-step", "chain-step", "change-folder", "watch-modes"];
const COMPILER = createRequire(import.meta.url).resolve("typescript/package.json");

/** Brings `dist` up to date, once at a time: test files run side by side. */
export async function buildPackage(): Promise<void> {
  mkdirSync(join(PACKAGE, "dist"), { recursive: true });
  const lockfilePath = join(PACKAGE, "dist", ".building");
  const retries = { retries: 600, minTimeout: 100, maxTimeout: 100 };
  const release = await lockfile.lock(PACKAGE, { lockfilePath, retries });
  try {
    const tsc = join(COMPILER, "..", "bin", "tsc");
    await promisify(execFile)(process.execPath, [tsc, "-b", PACKAGE]);
  } finally {
    await release();
  }
}

let built: Promise<string> | undefined;

/**
 * Makes the scripts of this folder into JavaScript, which Node 20 needs, and which loads in half the
 * time: each crash is a process. Made once for all test files.
 */
export async function buildScripts(): Promise<void> {
  built ??= bundleScripts();
  await built;
}

async function bundleScripts(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ca-tools-scripts-"));
  // Some become another user, who must be able to read what they load then.
  chmodSync(folder, 0o755);
  const bundle = await rolldown({
    input: Object.fromEntries(SCRIPTS.map((name) => [name, join(HERE, `${name}.js`)])),
    platform: "node",
    resolve: {
      conditionNames: ["@dps-certs/source", "node", "import"],
      mainFields: ["module", "main"],
    },
  });
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs" });
  return folder;
}

/**
 * Which changes to the file system a crash test kills at: every `stride`-th, or every one where
 * DPS_CERTS_TEST_CRASHES is "all". A file takes four changes: an odd stride meets each kind.
 */
export const crashPoints =
  (stride: number) =>
  (n: number): boolean =>
    process.env.DPS_CERTS_TEST_CRASHES === "all" || n % stride === 1;

export interface ChildOptions {
  /** Kills the process at its n-th change to the file system, 1 being the first. */
  killAt?: number;
  /** Lets `authority-step.js` replace what is there. */
  force?: boolean;
  /** User that the process becomes once its modules are loaded; for processes of root. */
  runAs?: number;
}

export interface ChildResult {
  stdout: string;
  stderr: string;
  signal: NodeJS.Signals | null;
  status: number | null;
}

/** How many changes to the file system a script makes when nothing kills it. */
export async function countChanges(
  script: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<number> {
  const { stderr } = await runChild(script, args, { ...options, killAt: 0 });
  const count = /changes: (\d+)/.exec(stderr)?.[1];
  if (count === undefined) throw new Error(`${script} did not end: ${stderr}`);
  return Number(count);
}

/** Leaves the lock of a killed process as it would be found seconds later. */
export function ageLock(folder: string): void {
  const lock = join(folder, ".lock");
  if (existsSync(lock)) utimesSync(lock, 0, 0);
}

/** Where {@link buildScripts} left a script of this folder. */
export async function builtScript(script: string): Promise<string> {
  if (built === undefined) throw new Error("nothing was built");
  return join(await built, script.replace(/\.js$/, ".mjs"));
}

/** Runs a script of this folder, after {@link buildScripts}, to its end. */
export async function runChild(
  script: string,
  args: readonly string[],
  { killAt, force, runAs }: ChildOptions = {},
): Promise<ChildResult> {
  const preload = killAt === undefined ? [] : ["--import", join(HERE, "kill-at.js")];
  const file = await builtScript(script);
  const child = spawn(process.execPath, [...preload, file, ...args], {
    env: {
      ...process.env,
      KILL_AT: String(killAt ?? 0),
      FORCE: force ? "1" : "0",
      RUN_AS: String(runAs ?? ""),
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ stdout, stderr, signal, status }));
  });
}
