import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createBench } from "../testing/bench.ts";

describe("connecting", () => {
  it("names the target on the first line, and where that came from", async () => {
    const bench = createBench();
    const { stderr } = await bench.run("group list");
    expect(stderr).toBe(
      "  embedded emulator, no state in .dps-certs yet (no Azure settings found)\n",
    );
  });

  it("makes no state for a command that only reads", async () => {
    const bench = createBench();
    expect((await bench.run("certificate list")).status).toBe(0);
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });

  it.each([
    [{ DPS_CONNECTION_STRING: "HostName=x;SharedAccessKeyName=y;SharedAccessKey=c2VjcmV0" }],
    [{ DPS_NAME: "mydps" }],
  ])("says before anything is made that Azure is not in this version", async (env) => {
    const bench = createBench();
    const { status, stderr } = await bench.run("enroll thermostats", { env });
    expect([status, stderr]).toEqual([1, expect.stringContaining("--target embedded")]);
    expect(stderr).not.toContain("c2VjcmV0");
    expect(bench.snapshot()).toEqual({});
  });

  it("says what a URL needs beside it", async () => {
    const env = { DPS_EMULATOR_URL: "https://localhost:1" };
    const { status, stderr } = await createBench().run("group list", { env });
    expect([status, stderr]).toEqual([1, expect.stringContaining("DPS_EMULATOR_CA")]);
  });

  it("names a file that is missing, and one that is something else", async () => {
    const bench = createBench();
    const missing = await bench.run("group list --target ./emulator.json");
    expect(missing.stderr).toContain("emulator.json is not there");
    writeFileSync(bench.path("emulator.json"), '{"armToken":"sEcReT"}');
    const wrong = await bench.run("group list --target ./emulator.json");
    expect(wrong.stderr).toContain("is not what dps-certs emulator start leaves there");
    expect(wrong.stderr).not.toContain("sEcReT");
  });
});
