import { execFileSync, spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { Args } from "./args.ts";
import type { Context } from "./command.ts";
import type { Io } from "./io.ts";
import { givenPassword, newKeyPassword, passwordSource, requiredPassword } from "./passwords.ts";
import { createBench } from "./testing/bench.ts";
import { silent } from "./testing/silent.ts";

function contextOf(io: Partial<Io> = {}): Context {
  const { folder } = createBench();
  const process: Io = {
    stdout: () => undefined,
    stderr: () => undefined,
    isLive: false,
    confirm: undefined,
    askSecret: undefined,
    env: {},
    cwd: folder,
    now: () => new Date(),
    ...io,
  };
  const folders = { pki: `${folder}/pki`, stateDir: folder };
  return { io: process, report: silent, ...folders, target: undefined, yes: false };
}

const args = (values: Record<string, unknown>) => new Args(values);

describe("a password that is given", () => {
  it.each([
    ["secret\n", "secret"],
    ["secret\r\nmore", "secret"],
    [" with blanks \n", " with blanks "],
    ["pässword €", "pässword €"],
    ["\ufeffsecret\r\n", "secret"],
  ])("is the first line of a file: %j", async (content, password) => {
    const context = contextOf();
    writeFileSync(`${context.io.cwd}/pw`, content);
    expect(await givenPassword(args({ "password-file": "pw" }), context)).toBe(password);
  });

  it("is an environment variable's value, of the kind that is asked for", async () => {
    const context = contextOf({ env: { PW: "secret", CA_PW: "other" } });
    const values = args({ "password-env": "PW", "ca-password-env": "CA_PW" });
    expect(await givenPassword(values, context)).toBe("secret");
    expect(await givenPassword(values, context, "ca-password")).toBe("other");
    expect(await givenPassword(args({}), context)).toBeUndefined();
  });

  it.each([
    [{ "password-file": "none" }, "there is no file"],
    [{ "password-file": "." }, "is a folder"],
    [{ "password-file": "utf16" }, "no line of text in UTF-8"],
    [{ "password-file": "utf16-unmarked" }, "no line of text in UTF-8"],
    [{ "password-file": "latin1" }, "no line of text in UTF-8"],
    [{ "password-file": "/dev/zero" }, "more than 4096 bytes"],
    [{ "password-file": "long" }, "more than 4096 bytes"],
    [{ "password-file": "empty" }, "is empty"],
    [{ "password-env": "NONE" }, "NONE is not set, or empty"],
    [{ "password-env": "EMPTY" }, "EMPTY is not set, or empty"],
    [{ "password-env": "EMPTY", "password-file": "empty" }, "exclude one another"],
  ])("as %j is wrong usage", async (values, says) => {
    const context = contextOf({ env: { EMPTY: "" } });
    writeFileSync(`${context.io.cwd}/empty`, "\nsecond line\n");
    writeFileSync(`${context.io.cwd}/utf16`, Buffer.from("\ufeffsecret\n", "utf16le"));
    writeFileSync(`${context.io.cwd}/utf16-unmarked`, Buffer.from("secret\n", "utf16le"));
    writeFileSync(`${context.io.cwd}/latin1`, Buffer.from("s\u00e9cret\n", "latin1"));
    writeFileSync(`${context.io.cwd}/long`, "x".repeat(5000));
    const refusal = { code: "usage", message: expect.stringContaining(says) };
    await expect(givenPassword(args(values), context)).rejects.toMatchObject(refusal);
  });
});

describe("a file with a password", () => {
  it("is warned of where others can read it, once", async () => {
    const context = contextOf();
    const path = `${context.io.cwd}/pw`;
    writeFileSync(path, "secret\n");
    const warn = vi.fn();
    const told = { ...context, report: { ...silent, warn } };
    chmodSync(path, 0o600);
    await givenPassword(args({ "password-file": "pw" }), told);
    expect(warn).not.toHaveBeenCalled();
    chmodSync(path, 0o644);
    const values = args({ "password-file": "pw" });
    await givenPassword(values, told);
    await givenPassword(values, told);
    expect(warn).toHaveBeenCalledExactlyOnceWith("pw holds a password and has mode 0644");
  });

  it("may be a pipe, which is read once", async () => {
    const context = contextOf();
    const path = `${context.io.cwd}/pipe`;
    execFileSync("mkfifo", [path]);
    const writer = spawn("sh", ["-c", `echo secret > "${path}"`], { stdio: "ignore" });
    const closed = new Promise((resolve) => writer.once("close", resolve));
    const values = args({ "password-file": "pipe" });
    expect(await givenPassword(values, context)).toBe("secret");
    await closed;
    expect(await passwordSource(values, context)("a.key")).toBe("secret");
  });
});

describe("a source of passwords", () => {
  it("asks once for each file, and never where the password is given", async () => {
    const askSecret = vi.fn((question: string) => Promise.resolve(`answer to ${question}`));
    const context = contextOf({ askSecret, env: { PW: "secret" } });
    const { cwd } = context.io;
    const source = passwordSource(args({}), context);
    expect(await source(`${cwd}/a.key`)).toBe("answer to Password of a.key:");
    expect(await source(`${cwd}/a.key`)).toBe("answer to Password of a.key:");
    expect(await source(`${cwd}/b.key`)).toBe("answer to Password of b.key:");
    expect(askSecret).toHaveBeenCalledTimes(2);
    expect(await passwordSource(args({ "password-env": "PW" }), context)("a.key")).toBe("secret");
    expect(askSecret).toHaveBeenCalledTimes(2);
  });

  it("has none where nobody can answer, and reads no file before it is asked", async () => {
    const source = passwordSource(args({}), contextOf());
    expect(await source("a.key")).toBeUndefined();
    const broken = passwordSource(args({ "password-file": "none" }), contextOf());
    await expect(broken("a.key")).rejects.toMatchObject({ code: "usage" });
  });
});

describe("a password that a command cannot do without", () => {
  it("is asked for by the options that give it, of the kind that is meant", async () => {
    await expect(
      requiredPassword(args({}), contextOf(), "ca-password")("a.key"),
    ).rejects.toMatchObject({
      code: "password-required",
      message: "a.key is encrypted, and no password was given",
      hint: "give it with --ca-password-file or --ca-password-env",
    });
    const context = contextOf({ env: { PW: "secret" } });
    expect(await requiredPassword(args({ "password-env": "PW" }), context)("a.key")).toBe("secret");
  });
});

describe("the password of new keys", () => {
  it("is none unless one is given, or --encrypt asks for it", async () => {
    const askSecret = vi.fn(() => Promise.resolve("secret"));
    const context = contextOf({ askSecret, env: { PW: "given" } });
    expect(await newKeyPassword(args({}), context)).toBeUndefined();
    const given = args({ "password-env": "PW", encrypt: true });
    expect(await newKeyPassword(given, context)).toBe("given");
    expect(askSecret).not.toHaveBeenCalled();
    expect(await newKeyPassword(args({ encrypt: true }), context)).toBe("secret");
    expect(askSecret).toHaveBeenCalledTimes(2);
  });
});
