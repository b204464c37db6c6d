import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openMemoryStore } from "./store/memory-store.ts";
import { ensureTlsIdentity } from "./tls-identity.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe("the TLS identity of a state", () => {
  it("is one certificate under a CA that may sign nothing else", async () => {
    const identity = await ensureTlsIdentity(openMemoryStore(), new Date());
    const [ca, server] = [identity.caPem, identity.certificatePem].map(
      (pem) => new X509Certificate(pem),
    );
    expect(server?.verify(ca?.publicKey as never)).toBe(true);
    expect([ca?.ca, server?.ca]).toEqual([true, false]);
    expect(server?.checkHost("device.azure-devices-provisioning.net")).toBeTruthy();
    expect(server?.checkIP("::1")).toBeTruthy();
    expect(server?.checkHost("example.com")).toBe(undefined);
  });

  it("stays until 30 days before its end, and is then made anew", async () => {
    const store = openMemoryStore();
    const start = Date.parse("2026-01-01T00:00:00Z");
    const on = async (day: number) =>
      (await ensureTlsIdentity(store, new Date(start + day * DAY_MS))).certificatePem;
    const first = await on(0);
    expect(await on(334)).toBe(first);
    const second = await on(335);
    expect(second).not.toBe(first);
    expect(await on(336)).toBe(second);
  });

  it("is the one that was stored first when two are made at once", async () => {
    const store = openMemoryStore();
    const now = new Date();
    const [one, two] = await Promise.all([
      ensureTlsIdentity(store, now),
      ensureTlsIdentity(store, now),
    ]);
    expect(one).toEqual(two);
  });
});
