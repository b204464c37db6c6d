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
    // A command that only reads makes no state.
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
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
