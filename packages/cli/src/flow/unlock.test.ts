import { createRoot, openPki, type PasswordSource } from "@dps-certs/ca-tools";
import { describe, expect, it, vi } from "vitest";
import type { Connection } from "../target/connection.ts";
import { createBench } from "../testing/bench.ts";
import { silent } from "../testing/silent.ts";
import { openCa } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";

async function prepared(password: PasswordSource) {
  const pki = createBench().path("pki");
  await createRoot(pki, { commonName: "Root CA", now: new Date(), password: "secret" });
  const [record] = (await openPki(pki))?.cas ?? [];
  if (record === undefined) throw new Error("no CA");
  const input: EnrollInput = {
    group: "thermostats",
    pki,
    connection: {} as Connection,
    now: () => new Date(),
    report: silent,
    password,
    opened: new Map(),
  };
  return { input, record };
}

describe("the key of a CA", () => {
  it("is opened once a run", async () => {
    const password = vi.fn(() => Promise.resolve("secret"));
    const { input, record } = await prepared(password);
    const [first, second] = await Promise.all([openCa(input, record), openCa(input, record)]);
    expect(first).toBe(second);
    expect(password).toHaveBeenCalledOnce();
  });

  it("is asked for once also where the password is wrong", async () => {
    const password = vi.fn(() => Promise.resolve("wrong"));
    const { input, record } = await prepared(password);
    for (let n = 0; n < 2; n += 1) {
      await expect(openCa(input, record)).rejects.toMatchObject({ code: "wrong-password" });
    }
    expect(password).toHaveBeenCalledOnce();
  });
});
