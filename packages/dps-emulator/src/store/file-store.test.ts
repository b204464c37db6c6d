import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
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
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import Database from "libsql";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EmulatorError } from "../errors.ts";
import { openFileStore } from "./file-store.ts";

const runFile = promisify(execFile);
/** What the child said, as an error's message too if it failed. */
const run = async (file: string, args: string[], options: { env?: NodeJS.ProcessEnv } = {}) =>
  await runFile(file, args, options).catch(({ message, stdout, stderr }) => {
    throw Object.assign(new Error(`${message}\n${stdout}${stderr}`), { stdout });
  });
let base: string;
let child: string;
let folder: string;

/** The child as one file of JavaScript: Node 20 runs no TypeScript, and tests need no build. */
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "dps-emulator-files-"));
  // The child of the test without rights belongs to nobody, who must be able to read it.
  chmodSync(base, 0o755);
  child = join(base, "child.mjs");
  const libsql = pathToFileURL(createRequire(import.meta.url).resolve("libsql")).href;
  const bundle = await rolldown({
    input: fileURLToPath(new URL("../testing/store-child.ts", import.meta.url)),
    platform: "node",
    external: ["libsql"],
    resolve: { conditionNames: ["@dps-certs/source", "node", "import"] },
  });
  await bundle.write({ file: child, format: "esm", paths: { libsql }, codeSplitting: false });
});
afterAll(() => rmSync(base, { recursive: true }));
beforeEach(() => {
  folder = join(mkdtempSync(join(base, "state-")), "state");
});

const refusalOf = async (stateDir: string): Promise<{ code?: string; message: string }> => {
  try {
    (await openFileStore(stateDir)).close();
  } catch (error) {
    if (error instanceof EmulatorError) return error;
    throw error;
  }
  throw new Error("the store opened");
};
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
const countOf = async (stateDir: string) => {
  const store = await openFileStore(stateDir);
  const count = store.read((reader) => reader.get("count"));
  store.close();
  return count;
};

describe("a state folder", () => {
  it("is for its owner alone, and stays out of version control", async () => {
    const store = await openFileStore(folder);
    store.write((writer) => writer.put("a", 1));
    expect(mode(folder)).toBe("700");
    const files = readdirSync(folder);
    expect(files.sort()).toEqual([".gitignore", "state.db", "state.db-shm", "state.db-wal"]);
    for (const file of files) expect([file, mode(join(folder, file))]).toEqual([file, "600"]);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("*\n");
    store.close();
  });

  it("that stood open to others is closed to them", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    (await openFileStore(folder)).close();
    expect(mode(folder)).toBe("700");
  });

  it("keeps what was written", async () => {
    const store = await openFileStore(folder);
    store.write((writer) => writer.put("count", 7));
    store.close();
    expect(await countOf(folder)).toBe(7);
  });

  it("is refused when it belongs to something else, and nothing in it changes", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.txt"), "x");
    chmodSync(folder, 0o755);
    const error = await refusalOf(folder);
    expect(error.code).toBe("state-foreign");
    expect(error.message).toContain(folder);
    expect(readdirSync(folder)).toEqual(["thesis.txt"]);
    expect(mode(folder)).toBe("755");
  });

  it("is refused when its database is another program's", async () => {
    mkdirSync(folder);
    const other = new Database(join(folder, "state.db"));
    other.exec("CREATE TABLE notes (text)");
    other.close();
    expect((await refusalOf(folder)).code).toBe("state-foreign");
  });

  it("is refused when a newer version wrote it", async () => {
    (await openFileStore(folder)).close();
    const database = new Database(join(folder, "state.db"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect((await refusalOf(folder)).code).toBe("state-newer");
  });

  it("is refused when it is a file, or lies below one", async () => {
    writeFileSync(folder, "x");
    for (const path of [folder, join(folder, "below")]) {
      const error = await refusalOf(path);
      expect(error.code).toBe("state-not-a-folder");
      expect(error.message).toContain(path);
    }
  });

  it("is refused when it cannot be written", async () => {
    mkdirSync(folder);
    chmodSync(join(folder, ".."), 0o755);
    chmodSync(folder, 0o555);
    // Rights do not bind root, so the child runs as nobody where the tests run as root.
    const user = process.getuid?.() === 0 ? { RUN_AS: "65534" } : {};
    const options = { env: { ...process.env, ...user } };
    const { stdout } = await run(process.execPath, [child, "increment", folder], options).catch(
      (error: { stdout: string }) => error,
    );
    const error = JSON.parse(stdout);
    expect(error.code).toBe("state-not-writable");
    expect(error.message).toContain(folder);
  });

  it("is refused when its file is damaged, wherever, and never ends the process", async () => {
    const store = await openFileStore(folder);
    store.write((writer) => {
      for (let n = 0; n < 500; n += 1) writer.put(`key/${n}`, "value ".repeat(20));
    });
    store.close();
    const whole = new Database(join(folder, "state.db"));
    whole.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all([]);
    whole.close();
    const damage: [string, (file: string) => void][] = [
      ["cut", (file) => truncateSync(file, 10_000)],
      ["no database", (file) => writeFileSync(file, "x".repeat(9000))],
      ["a page overwritten", (file) => overwrite(file, 8192, 4096)],
      ["the root page overwritten", (file) => overwrite(file, 4096, 4096)],
    ];
    for (const [name, harm] of damage) {
      const copy = `${folder}-${name.replaceAll(" ", "-")}`;
      cpSync(folder, copy, { recursive: true });
      for (const file of readdirSync(copy)) if (/-(wal|shm)$/.test(file)) rmSync(join(copy, file));
      harm(join(copy, "state.db"));
      const error = await refusalOf(copy);
      expect([name, error.code]).toEqual([name, "state-damaged"]);
      expect(error.message).toContain(join(copy, "state.db"));
    }
  });
});

function overwrite(file: string, at: number, length: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, at, at + length);
  writeFileSync(file, bytes);
}

describe("several processes with one state folder", () => {
  it("lose no write, and agree on a file that they make at once", async () => {
    const processes = Array.from({ length: 4 }, () =>
      run(process.execPath, [child, "increment", folder, "250"]),
    );
    await Promise.all(processes);
    expect(await countOf(folder)).toBe(1000);
  }, 30_000);

  it("agree on one service and one TLS identity at their first start", async () => {
    const starts = await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, [child, "first-start", folder])),
    );
    const answers = new Set(starts.map(({ stdout }) => stdout));
    expect(answers.size).toBe(1);
    expect(JSON.parse([...answers][0] ?? "").nonce).toMatch(/^[0-9a-f-]{36}$/);
  }, 30_000);

  it("wait for one another where SQLite does not: at the first write to a new file", async () => {
    mkdirSync(folder);
    const other = new Database(join(folder, "state.db"));
    other.exec("BEGIN IMMEDIATE");
    const opening = openFileStore(folder);
    // It has been refused the write-ahead log by now.
    await new Promise((resolve) => setImmediate(resolve));
    other.exec("COMMIT");
    (await opening).close();
    other.close();
  });

  it("leave all in the database when they end, without waiting for those that go on", async () => {
    const [ending, going] = [await openFileStore(folder), await openFileStore(folder)];
    const took = going.read((reader) => {
      reader.get("count");
      const before = performance.now();
      ending.write((writer) => writer.put("count", 7));
      ending.close();
      return performance.now() - before;
    });
    // A write would wait for ten seconds.
    expect(took).toBeLessThan(9000);
    going.close();
    for (const name of ["state.db-wal", "state.db-shm"]) rmSync(join(folder, name));
    expect(await countOf(folder)).toBe(7);
  });

  it("lose nothing that was answered when one is killed, and go on at once", async () => {
    const victim = spawn(process.execPath, [child, "forever", folder]);
    let told = "";
    victim.stdout.on("data", (chunk) => {
      told += String(chunk);
      if (told.split("\n").length > 200) victim.kill("SIGKILL");
    });
    await once(victim, "close");
    const last = Number(told.split("\n").at(-2));
    expect(last).toBeGreaterThan(100);
    expect(await countOf(folder)).toBeGreaterThanOrEqual(last);
    expect(existsSync(join(folder, "state.db"))).toBe(true);
  }, 30_000);
});
