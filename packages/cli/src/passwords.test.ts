import { writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { Args } from "./args.ts";
import type { Context } from "./command.ts";
import type { Io } from "./io.ts";
import { givenPassword, newKeyPassword, passwordSource } from "./passwords.ts";
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
    [{ "password-file": "none" }, "cannot read"],
    [{ "password-file": "." }, "cannot read"],
    [{ "password-file": "empty" }, "is empty"],
    [{ "password-env": "NONE" }, "NONE is not set, or empty"],
    [{ "password-env": "EMPTY" }, "EMPTY is not set, or empty"],
    [{ "password-env": "EMPTY", "password-file": "empty" }, "exclude one another"],
  ])("as %j is wrong usage", async (values, says) => {
    const context = contextOf({ env: { EMPTY: "" } });
    writeFileSync(`${context.io.cwd}/empty`, "\nsecond line\n");
    const refusal = { code: "usage", message: expect.stringContaining(says) };
    await expect(givenPassword(args(values), context)).rejects.toMatchObject(refusal);
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
