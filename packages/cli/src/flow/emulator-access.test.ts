import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "@dps-certs/dps-emulator";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectEmulator } from "../target/connection.ts";
import { publishAccess } from "./emulator-access.ts";

async function publish() {
  const folder = mkdtempSync(join(tmpdir(), "dps-certs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = { now: new Date() };
  const emulator = await startEmulator({ stateDir: folder, now: () => clock.now });
  onTestFinished(() => emulator.close());
  const file = join(folder, "emulator.json");
  return { clock, emulator, file, published: await publishAccess(emulator, folder) };
}

describe("the file that a started emulator leaves", () => {
  it("is its owner's alone, and gone when the emulator stops", async () => {
    const { file, published } = await publish();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await published.withdraw();
    expect(() => statSync(file)).toThrow("ENOENT");
  });

  it("has a bearer token that is good, however long the emulator runs", async () => {
    const { clock, emulator, file, published } = await publish();
    clock.now = new Date(clock.now.getTime() + 30 * 60 * 60 * 1000);
    const list = async () => {
      const access = JSON.parse(readFileSync(file, "utf8"));
      const connection = connectEmulator(access, emulator.caPem);
      return await connection.certificates.list().finally(connection.close);
    };
    await expect(list()).rejects.toMatchObject({ code: "unauthorized" });
    await published.renew();
    expect(await list()).toEqual([]);
  });

  it("is left to another emulator that took its place", async () => {
    const { file, published } = await publish();
    writeFileSync(file, "another's");
    await published.withdraw();
    expect(readFileSync(file, "utf8")).toBe("another's");
  });
});
