import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../testing/scratch.ts";
import { createFlushed, exists, listNames, onPath, readText } from "./files.ts";

describe("createFlushed", () => {
  it("gives the file its mode", async () => {
    const path = join(scratch(), "key");
    await createFlushed(path, "secret", 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe("secret");
  });

  it("never writes over or through what is there", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "mine"), "mine");
    symlinkSync("mine", join(folder, "link"));
    for (const name of ["mine", "link"]) {
      const created = onPath(name, () => createFlushed(join(folder, name), "x", 0o600));
      await expect(created).rejects.toMatchObject({ code: "not-writable" });
    }
    expect(readFileSync(join(folder, "mine"), "utf8")).toBe("mine");
  });
});

describe("readText", () => {
  it("is undefined for what is not there", async () => {
    expect(await readText(join(scratch(), "none"), 10)).toBeUndefined();
  });

  it("refuses a file above its bound, a folder, and a path through a file", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "0123456789");
    mkdirSync(join(folder, "sub"));
    expect(await readText(join(folder, "file"), 10)).toBe("0123456789");
    const refusal = (name: string) => readText(join(folder, name), 9);
    await expect(refusal("file")).rejects.toMatchObject({ code: "damaged-folder" });
    await expect(refusal("sub")).rejects.toMatchObject({ code: "not-writable" });
    await expect(refusal("file/sub")).rejects.toMatchObject({ code: "not-writable" });
  });

  it("refuses what has no end, and waits for nobody", async () => {
    const folder = scratch();
    symlinkSync("/dev/zero", join(folder, "endless"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const name of ["endless", "pipe"]) {
      const file = join(folder, name);
      await expect(readText(file, 10)).rejects.toMatchObject({ code: "damaged-folder", file });
    }
  });
});

describe("onPath", () => {
  it("says what the system refused, and passes on what it does not know", async () => {
    const fail = (code: string) =>
      onPath("a/b", () => Promise.reject(Object.assign(new Error(code), { code })));
    await expect(fail("ENOSPC")).rejects.toMatchObject({
      code: "not-writable",
      message: "cannot use a/b: the disk is full",
      file: "a/b",
      hint: expect.stringContaining("make room"),
    });
    await expect(fail("EWHATEVER")).rejects.toThrow("EWHATEVER");
  });
});

describe("exists and listNames", () => {
  it("tell what is there from what is not", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "a"), "");
    expect([await exists(join(folder, "a")), await exists(join(folder, "b"))]).toEqual([
      true,
      false,
    ]);
    expect(await listNames(folder)).toEqual(["a"]);
    expect(await listNames(join(folder, "none"))).toEqual([]);
    symlinkSync("circle", join(folder, "circle"));
    const found = exists(join(folder, "circle"));
    await expect(found).rejects.toMatchObject({
      code: "not-writable",
      file: join(folder, "circle"),
    });
  });
});
