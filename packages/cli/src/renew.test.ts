import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

const DAY_MS = 86_400_000;
const inDays = (days: number) => ({ now: () => new Date(Date.now() + days * DAY_MS) });

async function withDevices(line = "device create a b c"): Promise<Bench> {
  const bench = createBench();
  await bench.run("ca create");
  await bench.run(line);
  return bench;
}

const pem = (bench: Bench, id: string) =>
  readFileSync(bench.path(`pki/certs/${id}.cert.pem`), "utf8");

describe("device renew", () => {
  it("renews the devices that are named, with the keys that they have", async () => {
    const bench = await withDevices();
    const [b, key] = [pem(bench, "b"), readFileSync(bench.path("pki/private/a.key.pem"), "utf8")];
    const { status, stderr } = await bench.run("device renew a c --days 60");
    expect([status, stderr]).toEqual([0, expect.stringMatching(/✔ a .*59 days left/)]);
    expect(pem(bench, "b")).toBe(b);
    expect(readFileSync(bench.path("pki/private/a.key.pem"), "utf8")).toBe(key);
    expect(await bench.json("device list")).toMatchObject([
      { id: "a", daysLeft: 59 },
      { id: "b", daysLeft: 29 },
      { id: "c", daysLeft: 59 },
    ]);
  });

  it("renews those that end soon, and those that have ended", async () => {
    const bench = await withDevices("device create old --days 1");
    await bench.run("device create soon --days 9");
    await bench.run("device create late --days 20");
    const renewed = await bench.json("device renew --expiring 1w", inDays(3));
    expect(renewed).toMatchObject([{ id: "old" }, { id: "soon" }]);
    const { status, stderr } = await bench.run("device renew --expiring 12h", inDays(3));
    expect([status, stderr]).toEqual([0, expect.stringContaining("no device is to be renewed")]);
    expect(await bench.json("device renew --expiring 12h", inDays(3))).toEqual([]);
  });

  it("renews all, each with the CA that signed it", async () => {
    const bench = createBench();
    await bench.run("enroll one --devices 1");
    await bench.run("enroll two --devices 1");
    await bench.run("device create gw --edge server --issuer root");
    expect(await bench.json("device renew --all")).toMatchObject([
      { id: "gw.server", issuer: "CN=one Root CA", role: "edge server" },
      { id: "one-001", issuer: "CN=one Intermediate CA" },
      { id: "two-001", issuer: "CN=two Intermediate CA" },
    ]);
    // A registration from before speaks for another certificate.
    expect((await bench.run("device register one-001")).status).toBe(0);
  });

  it("says what failed to who wants to hear nothing else", async () => {
    const bench = await withDevices("device create a");
    await bench.run("ca revoke a");
    const { status, stdout, stderr } = await bench.run("device renew a nobody --quiet");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/nobody: there is no device nobody.*\n.*a: .*was revoked/);
  });

  it("renews the others when one is damaged, and fails", async () => {
    const bench = await withDevices();
    const before = pem(bench, "c");
    writeFileSync(bench.path("pki/certs/a.cert.pem"), "x");
    writeFileSync(bench.path("pki/private/b.key.pem"), "x");
    const { status, stdout, stderr } = await bench.run("device renew --all --json");
    expect(status).toBe(1);
    expect(stderr).toMatch(/! a: .*a\.cert\.pem/);
    expect(stderr).toMatch(/! b: .*b\.key\.pem/);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: "c", daysLeft: 29 },
      { id: "a", error: { code: "invalid-certificate" } },
      { id: "b", error: { code: "invalid-key" } },
    ]);
    expect(pem(bench, "c")).not.toBe(before);
  });

  it("names the device that is not there, and the CA that is gone", async () => {
    const bench = await withDevices();
    await bench.run("ca create --force");
    const answer = await bench.json("device renew a nobody");
    expect(answer).toMatchObject([
      { id: "nobody", error: { code: "not-found" } },
      { id: "a", error: { code: "not-found", hint: expect.stringContaining("--issuer") } },
    ]);
    expect((await bench.run("device renew a --issuer intermediate")).status).toBe(0);
  });

  it("moves a PFX away that it cannot write anew, and says so", async () => {
    const env = { PFX: "pfx-secret" };
    const bench = await withDevices("device create other");
    await bench.run("device create a --pfx --pfx-password-env PFX", { env });
    const path = bench.path("pki/certs/a.cert.pfx");
    await bench.run("device renew a --pfx --pfx-password-env PFX", { env });
    expect(existsSync(path)).toBe(true);
    const { status, stderr } = await bench.run("device renew a");
    expect([status, stderr]).toEqual([0, expect.stringContaining("--pfx")]);
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ["device renew", "name devices"],
    ["device renew a --all", "name devices"],
    ["device renew --all --expiring 3d", "name devices"],
    ["device renew --expiring 3", "like 30d, 12h or 2w"],
    ["device renew --expiring -3d", "--expiring"],
    ["device renew a --days 0", "--days must be"],
    ["device renew a/b", "only letters, digits"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    const { status, stderr } = await bench.run(line);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(bench.snapshot()).toEqual({});
  });

  it("lets one of two processes renew a device, and the other say so", async () => {
    const bench = await withDevices("device create a");
    const both = [0, 1].map(() => bench.start(["device", "renew", "a", "--json"]).ended);
    const outcomes = await Promise.all(both);
    const codes = outcomes.map(({ stdout }) => JSON.parse(stdout)[0].error?.code);
    // The slower may also have begun when the first had ended.
    for (const code of codes) expect([undefined, "locked"]).toContain(code);
    expect(codes).toContain(undefined);
    const certificate = bench.openssl("x509", "-noout", "-pubkey", "-in", "pki/certs/a.cert.pem");
    expect(bench.openssl("pkey", "-pubout", "-in", "pki/private/a.key.pem")).toBe(certificate);
    const renewals = codes.filter((code) => code === undefined).length;
    const rows = readFileSync(bench.path("pki/index.txt"), "utf8").match(/\/CN=a\n/g);
    expect(rows).toHaveLength(1 + renewals);
  });
});
