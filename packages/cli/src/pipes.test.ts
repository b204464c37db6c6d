import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { BIN, createBench } from "./testing/bench.ts";

const NODE = `"${process.execPath}" "${BIN}"`;

const sh = async (folder: string, command: string) =>
  await promisify(execFile)("bash", ["-o", "pipefail", "-c", command], { cwd: folder }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error) => ({ status: Number(error.code), stdout: error.stdout, stderr: error.stderr }),
  );

describe("a command whose reader goes away", () => {
  it("finishes its work without a word", async () => {
    const bench = createBench();
    const command = `${NODE} enroll thermostats --devices 1 --register 2>&1 | head -1`;
    expect(await sh(bench.folder, command)).toMatchObject({ status: 0, stderr: "" });
    const again = await bench.run("enroll thermostats --devices 1 --register");
    expect(again.stdout).toContain("nothing to do");
  });

  it.runIf(existsSync("/dev/full"))(
    "says so where a result is lost for another reason",
    async () => {
      const { status, stderr } = await sh(createBench().folder, `${NODE} --help > /dev/full`);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^dps-certs: cannot write the result: ENOSPC[^\n]*\n$/);
    },
  );
});

describe("enroll, interrupted with Ctrl-C", () => {
  it("says what that means", async () => {
    const bench = createBench();
    const line = "enroll thermostats --devices 5 --register";
    const { child, ended } = bench.start(line.split(" "));
    child.stderr?.once("data", () => child.kill("SIGINT"));
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([
      130,
      expect.stringContaining("run the command again to finish"),
    ]);
    expect((await bench.run(line)).status).toBe(0);
  });
});
