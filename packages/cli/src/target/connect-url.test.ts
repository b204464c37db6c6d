import { writeFileSync } from "node:fs";
import { startEmulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench } from "../testing/bench.ts";
import { refuseOther } from "./connect-url.ts";

let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator({ inMemory: true });
});
afterAll(() => emulator.close());

function setUp() {
  const bench = createBench();
  writeFileSync(bench.path("ca.pem"), emulator.caPem);
  const env = {
    DPS_EMULATOR_URL: emulator.url,
    DPS_EMULATOR_CA: bench.path("ca.pem"),
    DPS_CONNECTION_STRING: emulator.connectionString,
  };
  return { bench, env };
}

describe("an emulator at a URL", () => {
  it("needs its CA and a connection string beside it", async () => {
    const { bench, env } = setUp();
    for (const name of ["DPS_EMULATOR_CA", "DPS_CONNECTION_STRING"]) {
      const outcome = await bench.run("group list", { env: { ...env, [name]: undefined } });
      expect([outcome.status, outcome.stderr]).toEqual([1, expect.stringContaining(name)]);
    }
  });

  it("is used for enrollments by these two", async () => {
    const { bench, env } = setUp();
    const { status, stderr } = await bench.run("group list", { env });
    expect([status, stderr]).toEqual([0, `  emulator at ${emulator.url} (DPS_EMULATOR_URL)\n`]);
  });

  it("says what certificates need, before anything is made", async () => {
    const { bench, env } = setUp();
    const before = bench.snapshot();
    for (const command of ["certificate list", "enroll thermostats"]) {
      const { status, stderr } = await bench.run(command, { env });
      expect([status, stderr]).toEqual([1, expect.stringContaining("DPS_EMULATOR_ARM_TOKEN")]);
    }
    expect(bench.snapshot()).toEqual(before);
  });

  it("takes its bearer token, or its client's secret", async () => {
    const { bench, env } = setUp();
    const { armToken, tenantId, clientId, clientSecret } = emulator;
    const secret = {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
    };
    for (const more of [{ DPS_EMULATOR_ARM_TOKEN: armToken }, secret]) {
      expect(await bench.json("certificate list", { env: { ...env, ...more } })).toEqual([]);
    }
    const wrong = { ...env, ...secret, AZURE_CLIENT_SECRET: "sEcReT" };
    const { status, stderr } = await bench.run("certificate list", { env: wrong });
    expect([status, stderr]).toEqual([1, expect.stringContaining("gave no token (HTTP 401)")]);
    expect(stderr).not.toContain("sEcReT");
  });

  it("is never shown a secret of another tenant's", async () => {
    const { bench, env } = setUp();
    const azure = {
      AZURE_TENANT_ID: "72f988bf-86f1-41af-91ab-2d7cd011db47",
      AZURE_CLIENT_ID: emulator.clientId,
      AZURE_CLIENT_SECRET: emulator.clientSecret,
    };
    const { status, stderr } = await bench.run("certificate list", { env: { ...env, ...azure } });
    expect([status, stderr]).toEqual([1, expect.stringContaining("DPS_EMULATOR_ARM_TOKEN")]);
  });

  it("takes the connection string from a file", async () => {
    const { bench, env } = setUp();
    writeFileSync(bench.path("cs"), `${emulator.connectionString}\n`, { mode: 0o600 });
    const { status } = await bench.run("group list --connection-string-file cs", {
      env: { ...env, DPS_CONNECTION_STRING: undefined },
    });
    expect(status).toBe(0);
  });

  it("is never shown a token for another service", async () => {
    const { bench, env } = setUp();
    const other = env.DPS_CONNECTION_STRING.replace(
      /HostName=[^;]*/,
      "HostName=mydps.azure-devices-provisioning.net",
    );
    const { status, stderr } = await bench.run("group list", {
      env: { ...env, DPS_CONNECTION_STRING: other },
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining("--target azure")]);
  });

  it("is taken at its own word for what it is called on this computer alone", () => {
    const hostName = "mydps.azure-devices-provisioning.net";
    const parts = { hostName, sharedAccessKeyName: "p", sharedAccessKey: "a2V5" };
    const refuse = (url: string) =>
      refuseOther({ parts, from: "DPS_CONNECTION_STRING" }, new URL(url), hostName);
    expect(() => refuse("https://127.0.0.1:9443")).not.toThrow();
    expect(() => refuse("https://emulator.example")).toThrow(/is of mydps/);
  });

  it("quotes no connection string that cannot be used", async () => {
    const { bench, env } = setUp();
    const wrong = { ...env, DPS_CONNECTION_STRING: "HostName=x;SharedAccessKey=sEcReT" };
    const { status, stderr } = await bench.run("group list", { env: wrong });
    expect([status, stderr]).toEqual([1, expect.stringContaining("SharedAccessKeyName")]);
    expect(stderr).not.toContain("sEcReT");
  });
});
