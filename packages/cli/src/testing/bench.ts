import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Io } from "../io.ts";
import { main } from "../main.ts";

/** The built command, as users start it. */
export const BIN: string = fileURLToPath(new URL("../../bin/dps-certs.js", import.meta.url));

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export interface Bench {
  folder: string;
  path: (...parts: string[]) => string;
  /**
   * Runs the command line inside this process. What comes first in an empty folder, `ca create` or
   * `enroll`, really runs once for all benches; the others are given a copy of what it left.
   */
  run: (commandLine: string, io?: Partial<Io>) => Promise<Outcome>;
  /** As `run`, and gives the JSON of stdout. */
  json: (commandLine: string, io?: Partial<Io>) => Promise<unknown>;
  /** Starts the built command as a process of its own. */
  start: (args: readonly string[], options?: StartOptions) => RunningProcess;
  openssl: (...args: string[]) => string;
  /** Every file below the folder with a digest of its content, state of the emulator left out. */
  snapshot: () => Record<string, string>;
}

export interface StartOptions {
  env?: Record<string, string>;
  nodeArgs?: readonly string[];
  /** @default the built command */
  script?: string;
}

export interface RunningProcess {
  child: ChildProcess;
  ended: Promise<Outcome>;
  /** Resolves with the first line of stdout. */
  firstLine: Promise<string>;
}

/** An empty folder to work in, gone after the test. */
export function createBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "dps-certs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return benchIn(folder);
}

export function benchIn(folder: string): Bench {
  let isUntouched = true;
  const run: Bench["run"] = async (commandLine, io) => {
    const isBeginning = isUntouched && io === undefined && BEGINNING.test(commandLine);
    isUntouched = false;
    return isBeginning && readdirSync(folder).length === 0
      ? await begin(folder, commandLine, () => runReally(commandLine))
      : await runReally(commandLine, io);
  };
  const runReally: Bench["run"] = async (commandLine, io = {}) => {
    const written = { stdout: "", stderr: "" };
    const status = await main(splitWords(commandLine), {
      stdout: (text) => {
        written.stdout += text;
      },
      stderr: (text) => {
        written.stderr += text;
      },
      isLive: false,
      confirm: undefined,
      askSecret: undefined,
      env: {},
      cwd: folder,
      now: () => new Date(),
      ...io,
    });
    return { status, ...written };
  };
  return {
    folder,
    path: (...parts) => join(folder, ...parts),
    run,
    json: async (commandLine, io) => {
      const { stdout, stderr } = await run(`${commandLine} --json`, io);
      if (stdout === "") throw new Error(`no JSON from ${commandLine}: ${stderr}`);
      return JSON.parse(stdout);
    },
    start: (args, options) => startProcess(folder, args, options),
    openssl: (...args) => execFileSync("openssl", args, { cwd: folder, encoding: "utf8" }),
    snapshot: () => snapshot(folder),
  };
}

const BEGINNING = /^(?:ca create|enroll)(?: |$)/;
const beginnings = new Map<string, { outcome: Outcome; copy: string; folder: string }>();

async function begin(
  folder: string,
  commandLine: string,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const known = beginnings.get(commandLine);
  if (known !== undefined) {
    copyFolder(known.copy, folder);
    return JSON.parse(JSON.stringify(known.outcome).replaceAll(known.folder, folder));
  }
  const outcome = await run();
  if (outcome.status === 0) {
    const copy = mkdtempSync(join(tmpdir(), "dps-certs-beginning-"));
    copyFolder(folder, copy);
    beginnings.set(commandLine, { outcome, copy, folder });
  }
  return outcome;
}

/** With the modes of folders, which `cpSync` of Node 24 does not keep. */
function copyFolder(from: string, to: string): void {
  execFileSync("cp", ["-a", `${from}/.`, to]);
}

const splitWords = (text: string): string[] => text.split(" ").filter((word) => word !== "");

/** Without what would lead a command away from the bench. */
function cleanEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(DPS_|NODE_|VITEST)/.test(name));
  return { ...Object.fromEntries(kept), ...extra };
}

function startProcess(
  cwd: string,
  args: readonly string[],
  { env, nodeArgs = [], script = BIN }: StartOptions = {},
): RunningProcess {
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    cwd,
    env: cleanEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      written.stdout += text;
      if (written.stdout.includes("\n")) resolve(written.stdout.split("\n")[0] ?? "");
    });
    child.on("close", () => reject(new Error(`ended without a line: ${written.stderr}`)));
  });
  // Most tests wait for the end alone.
  firstLine.catch(() => undefined);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    written.stderr += text;
  });
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => resolve({ status: code ?? -1, ...written }));
  });
  return { child, ended, firstLine };
}

function snapshot(folder: string): Record<string, string> {
  const digests: Record<string, string> = {};
  const visit = (below: string): void => {
    for (const name of existsSync(join(folder, below)) ? readdirSync(join(folder, below)) : []) {
      const path = join(below, name);
      if (name === ".dps-certs") continue;
      if (statSync(join(folder, path)).isDirectory()) visit(path);
      else {
        const content = readFileSync(join(folder, path));
        digests[path] = createHash("sha256").update(content).digest("hex");
      }
    }
  };
  visit("");
  return digests;
}
