import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfSigned } from "../testing/issuing.ts";
import { readFiles, STANDARD_INPUT } from "./read-input.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "dps-certs-read-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function* stream(...chunks: string[]) {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}

describe("files that are read", () => {
  it("are named as they were typed, and - is standard input", async () => {
    const cwd = folder();
    const { pem } = (await selfSigned("Root")).certificate;
    writeFileSync(join(cwd, "a.pem"), pem);
    const items = await readFiles(cwd, ["a.pem", "-"], {}, stream(pem.slice(0, 99), pem.slice(99)));
    expect(items.map(({ kind, file }) => [kind, file])).toEqual([
      ["certificate", "a.pem"],
      ["certificate", STANDARD_INPUT],
    ]);
  });

  it("may be no files: a stream without an end is read as far as anything is", async () => {
    const [item] = await readFiles("/", ["/dev/zero"]);
    expect(item).toMatchObject({ kind: "unknown", error: { code: "too-large" } });
  });

  it("are told apart from what cannot be read", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "file"), "");
    symlinkSync("loop", join(cwd, "loop"));
    await expect(readFiles(cwd, ["gone"])).rejects.toMatchObject({ code: "not-found" });
    for (const [name, words] of [
      [".", "it is a folder, not a file"],
      ["file/x", "a part of the path is a file"],
      ["loop", "go round in a circle"],
      ["x".repeat(300), "too long"],
    ]) {
      const reading = readFiles(cwd, [name ?? ""]);
      await expect(reading).rejects.toMatchObject({
        code: "not-writable",
        message: expect.stringContaining(words ?? ""),
        hint: expect.any(String),
      });
    }
    await expect(readFiles(cwd, ["-", "-"], {}, stream())).rejects.toMatchObject({ code: "usage" });
    await expect(readFiles(cwd, [""])).rejects.toMatchObject({ code: "usage" });
  });

  it.skipIf(process.getuid?.() === 0)("are refused without permission", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "secret"), "");
    chmodSync(join(cwd, "secret"), 0);
    await expect(readFiles(cwd, ["secret"])).rejects.toMatchObject({
      message: expect.stringContaining("permission denied"),
    });
  });
});
