import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../testing/scratch.ts";
import { readAtMost } from "./input-file.ts";

const refuse = (problem: string) => new Error(`it ${problem}`);
const read = (path: string, limit = 100) => readAtMost(path, limit, { refuse, patienceMs: 100 });

function pipe(): string {
  const path = join(scratch(), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

describe("readAtMost", () => {
  it("gives the beginning of a file, of the size that was asked for", async () => {
    const path = join(scratch(), "file");
    writeFileSync(path, "0123456789");
    expect((await read(path)).toString()).toBe("0123456789");
    expect((await read(path, 4)).toString()).toBe("0123");
  });

  it("names a file that is missing, and refuses a folder", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "folder"));
    const missing = read(join(folder, "none"));
    await expect(missing).rejects.toMatchObject({ code: "not-found", file: join(folder, "none") });
    await expect(read(join(folder, "folder"))).rejects.toThrow("it is a folder");
  });
});

describe.skipIf(process.platform === "win32")("readAtMost, of what is no file", () => {
  it("stops where a device has no end", async () => {
    const path = join(scratch(), "zero");
    symlinkSync("/dev/zero", path);
    expect(await read(path, 200_000)).toHaveLength(200_000);
  });

  it("does not wait for ever for a pipe that nobody writes to", async () => {
    await expect(read(pipe())).rejects.toThrow("it is a pipe that nobody writes to");
  });

  it("reads a pipe to its end, also where that is written in parts", async () => {
    const path = pipe();
    const script = `exec 3>"${path}"; printf one >&3; read pause; printf two >&3`;
    const writer = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
    const reading = readAtMost(path, 100, { refuse });
    writer.stdin.end("\n");
    expect((await reading).toString()).toBe("onetwo");
  });
});
