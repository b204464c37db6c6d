import { execFile, execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLI = join(ROOT, "packages/cli");
const require = createRequire(import.meta.url);
const { isFresh } = require("../packages/cli/bin/bundle.js");

/** A folder in which somebody has installed the package, and nothing else of ours. */
let folder: string;
let installed: string;

beforeAll(() => {
  if (!isFresh()) execFileSync(process.execPath, [join(ROOT, "tools/bundle.js")]);
  folder = mkdtempSync(join(tmpdir(), "dps-certs-installed-"));
  installed = join(folder, "node_modules/dps-certs");
  const { files } = JSON.parse(readFileSync(join(CLI, "package.json"), "utf8"));
  expect(files).toEqual(expect.arrayContaining(["bin", "bundle"]));
  // What programs import is left out: the command must not need it.
  for (const name of ["package.json", "bin", "bundle"]) {
    cpSync(join(CLI, name), join(installed, name), { recursive: true });
  }
  const libsql = join(require.resolve("libsql"), "..");
  symlinkSync(libsql, join(folder, "node_modules/libsql"), "dir");
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

const run = (line: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const args = [join(installed, "bin/dps-certs.js"), ...line.split(" ")];
    const kept = Object.entries(process.env).filter(([name]) => !/^(DPS_|NODE_|VITEST)/.test(name));
    const options = {
      cwd: folder,
      env: { ...Object.fromEntries(kept), ...env },
      maxBuffer: 64 << 20,
    };
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

type Main = (argv: readonly string[], io: object) => Promise<number>;
interface Command {
  usage: string;
}
interface Bundle {
  main: Main;
  COMMANDS: Command[];
  GROUPS: { name: string; commands: Command[] }[];
}

const helpOf = async (command: Main, words: string[]): Promise<string> => {
  let text = "";
  const io = {
    stdout: (more: string) => {
      text += more;
    },
    stderr: () => undefined,
    isLive: false,
    confirm: undefined,
    askSecret: undefined,
    env: {},
    cwd: folder,
    now: () => new Date(),
  };
  await command([...words, "--help"], io);
  return text;
};

describe("the bundle", () => {
  it("makes a chain, proves possession of it, and registers devices", async () => {
    const { status, stdout, stderr } = await run("enroll thermostats --devices 2 --register");
    expect([status, stdout]).toEqual([0, "thermostats is enrolled\n"]);
    expect(stderr).toContain("2 devices assigned");
    const again = await run("enroll thermostats --devices 2 --register --json");
    expect(JSON.parse(again.stdout)).toMatchObject({ changed: false });
  });

  it("issues so many devices that it takes further threads", async () => {
    expect((await run("ca create --pki fleet")).status).toBe(0);
    const made = await run("device create --pki fleet --count 5000 --prefix d --as ndjson");
    expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
    const devices = made.stdout.trimEnd().split("\n");
    expect(devices).toHaveLength(5000);
    const pem = readFileSync(
      join(folder, "fleet/certs/azure-iot-test-only.intermediate.cert.pem"),
      "utf8",
    );
    const issuer = new X509Certificate(pem);
    const sample = devices
      .filter((_, n) => n % 100 === 0)
      .map((line) => new X509Certificate(JSON.parse(line).certificate));
    for (const certificate of sample) expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(new Set(sample.map(({ serialNumber }) => serialNumber)).size).toBe(50);
  });

  it("says word for word what the sources say", async () => {
    const bundle: Bundle = require(join(installed, "bundle/main.js"));
    // By a path that the compiler does not follow: the sources have a project of their own.
    const sources: { main: Main } = await import(join(CLI, "src/main.ts"));
    const word = ({ usage }: Command) => usage.split(" ")[0] ?? "";
    const commands = [
      [],
      ...bundle.COMMANDS.map((command) => [word(command)]),
      ...bundle.GROUPS.flatMap(({ name, commands: own }) => [
        [name],
        ...own.map((command) => [name, word(command)]),
      ]),
    ];
    for (const words of commands) {
      expect(await helpOf(bundle.main, words)).toBe(await helpOf(sources.main, words));
    }
    expect(commands.length).toBeGreaterThan(30);
  });

  it("takes its words from no file that lies near it", async () => {
    for (const parent of [folder, join(folder, "node_modules"), installed]) {
      mkdirSync(join(parent, "locales"));
      writeFileSync(join(parent, "locales/en.json"), '{"Commands:":"somebody\'s:"}');
    }
    const { stdout } = await run("--help");
    expect(stdout).toContain("Commands:\n");
  });

  it("names the libraries in it, with their licences", () => {
    const text = readFileSync(join(installed, "bundle/LICENCES.txt"), "utf8");
    for (const library of ["@peculiar/x509", "undici", "yargs", "valibot", "tslib"]) {
      expect(text).toMatch(new RegExp(`^${library} [\\d.]+ \\(`, "m"));
    }
    expect(text.match(/Permission is hereby granted/g)?.length).toBeGreaterThan(10);
  });
});

describe("the code that V8 compiled", () => {
  let cache: string;
  const kept = () => join(cache, "dps-certs", readdirSync(join(cache, "dps-certs"))[0] ?? "");
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  const versionWith = async (env: NodeJS.ProcessEnv = {}) => {
    const outcome = await run("--version", { XDG_CACHE_HOME: cache, ...env });
    expect(outcome).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
  };

  beforeAll(() => {
    cache = join(folder, "cache");
    mkdirSync(cache);
  });

  it("is not kept where Node is told to keep none", async () => {
    await versionWith({ NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(readdirSync(cache)).toEqual([]);
  });

  it("is kept for its user alone, and taken the next time", async () => {
    await versionWith();
    expect([modeOf(join(cache, "dps-certs")), modeOf(kept())]).toEqual([0o700, 0o600]);
    const { ino } = statSync(kept());
    await versionWith();
    expect(statSync(kept()).ino).toBe(ino);
  });

  it.each([
    ["others could have written", () => chmodSync(kept(), 0o666)],
    ["is cut off", () => writeFileSync(kept(), readFileSync(kept()).subarray(0, 1000))],
    ["is something else", () => writeFileSync(kept(), "x".repeat(5000))],
  ])("is made anew where it %s", async (_, change) => {
    change();
    const { ino } = statSync(kept());
    await versionWith();
    expect(statSync(kept()).ino).not.toBe(ino);
    expect(modeOf(kept())).toBe(0o600);
    expect(readdirSync(join(cache, "dps-certs"))).toHaveLength(1);
  });

  it.each([
    ["--help", /UND_ERR_|BEGIN CERTIFICATE/],
    ["ca create --pki loaded", /UND_ERR_|EcdsaProvider|state\.db/],
  ])("shows that %s loads only what it needs", async (line, foreign) => {
    const own = mkdtempSync(join(folder, "cache-"));
    expect((await run(line, { XDG_CACHE_HOME: own })).status).toBe(0);
    const [name = ""] = readdirSync(join(own, "dps-certs"));
    const bytes = readFileSync(join(own, "dps-certs", name));
    const table: [string, number][] = JSON.parse(
      bytes.toString("utf8", 4, 4 + bytes.readUInt32LE()),
    );
    const modules = table.map(([module]) => module);
    expect(modules).toContain("main.js");
    const read = (module: string) => readFileSync(join(installed, "bundle", module), "utf8");
    expect(modules.filter((module) => foreign.test(read(module)))).toEqual([]);
  });

  it("is not needed: the command runs where nothing can be kept", async () => {
    await versionWith({
      XDG_CACHE_HOME: join(folder, "cache/dps-certs/none"),
      HOME: "/nonexistent",
    });
    expect(existsSync("/nonexistent")).toBe(false);
  });
});
