import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createBench } from "./testing/bench.ts";

describe("device create", () => {
  it("makes every device that is named", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const made = await bench.json("device create sensor-1 sensor-2");
    expect(made).toMatchObject([{ id: "sensor-1" }, { id: "sensor-2" }]);
    const text = bench.openssl(
      "x509",
      "-noout",
      "-ext",
      "extendedKeyUsage",
      "-in",
      "pki/certs/sensor-2.cert.pem",
    );
    expect(text).toContain("TLS Web Client Authentication");
  });

  it("asks which CA is to sign where there are several", async () => {
    const bench = createBench();
    await bench.run("enroll a");
    await bench.run("enroll b");
    const { status, stderr } = await bench.run("device create x");
    expect([status, stderr]).toEqual([2, expect.stringContaining("--issuer")]);
    expect(await bench.json("device create x --issuer b")).toMatchObject([
      { issuer: "CN=b Intermediate CA" },
    ]);
  });

  it("keeps what --force replaces, and ends with the issuer", async () => {
    const bench = createBench();
    await bench.run("ca create");
    await bench.run("device create sensor-1");
    const before = bench.snapshot();
    expect((await bench.run("device create sensor-1")).status).toBe(1);
    const forced = await bench.run("device create sensor-1 --force --days 300");
    expect(forced.stderr).toContain("ends with its issuer");
    const kept = Object.values(bench.snapshot());
    expect(kept).toContain(before["pki/private/sensor-1.key.pem"]);
  });
});

describe("device register", () => {
  it("registers all, and tells of each when one fails", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 2");
    // Below the root that is verified, and of no group.
    await bench.run("device create lost-1 --issuer root");
    const { status, stderr } = await bench.run("device register --all");
    expect(status).toBe(1);
    expect(stderr).toMatch(/✔ thermostats-001 +assigned/);
    expect(stderr).toMatch(/✖ lost-1 +register lost-1/);
    expect(stderr).toContain("1 of 3 devices did not register (lost-1)");
    expect(stderr).toContain("401002");
  });

  it("names a device that is not there", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    const answer = await bench.json("device register thermostats-009");
    expect(answer).toMatchObject({
      error: { code: "not-found", hint: expect.stringContaining("device create") },
    });
  });

  it("refuses to go without the chain that the service needs", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    rmSync(bench.path("pki/certs/thermostats-001-full-chain.cert.pem"));
    const answer = await bench.json("device register thermostats-001");
    expect(answer).toMatchObject({ error: { code: "damaged-folder" } });
  });
});
