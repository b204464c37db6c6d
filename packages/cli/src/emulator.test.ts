import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { EmulatorAccess } from "./target/access.ts";
import { type Bench, benchIn, createBench, type RunningProcess } from "./testing/bench.ts";

const curl = async (...args: string[]) =>
  (await promisify(execFile)("curl", ["--silent", "--show-error", "--max-time", "20", ...args]))
    .stdout;

type Started = RunningProcess & { access: EmulatorAccess & Record<string, unknown> };

async function start(bench: Bench, ...args: string[]): Promise<Started> {
  const running = bench.start(["emulator", "start", "--json", ...args]);
  const access = JSON.parse(await running.firstLine);
  return { ...running, access };
}

async function startEmulator(bench: Bench, ...args: string[]): Promise<Started> {
  const started = await start(bench, ...args);
  onTestFinished(() => {
    started.child.kill("SIGKILL");
  });
  return started;
}

describe("an emulator that was started", () => {
  let bench: Bench;
  let started: Started;
  beforeAll(async () => {
    bench = benchIn(mkdtempSync(join(tmpdir(), "dps-certs-test-")));
    started = await start(bench);
  });
  afterAll(() => {
    started.child.kill("SIGKILL");
    rmSync(bench.folder, { recursive: true });
  });

  it("has printed one line of JSON when it was ready", async () => {
    const { access } = started;
    expect(Object.keys(access)).toEqual([
      ...["url", "caFile", "connectionString", "idScope", "subscriptionId", "resourceGroup"],
      ...["dpsName", "hostName", "deviceHost", "mqttPort", "amqpPort", "armToken", "tokenUrl"],
      ...["tenantId", "clientId", "clientSecret", "msiEndpoint", "managementUrl", "nonce", "pid"],
    ]);
    expect(access.msiEndpoint).toBe(null);
    const health = JSON.parse(await curl("--cacert", access.caFile, `${access.url}/health`));
    expect(health).toMatchObject({ nonce: access.nonce, idScope: access.idScope });
  });

  it("is not joined by a second one in its folder", async () => {
    const answer = await bench.json("emulator start");
    expect(answer).toMatchObject({
      error: { code: "target", message: expect.stringContaining(started.access.url) },
    });
  });

  it("has a status that tells no secrets", async () => {
    const { stdout } = await bench.run("emulator status --json");
    expect(stdout).toContain(started.access.url);
    expect(stdout).not.toContain(started.access.armToken);
    expect(stdout).not.toContain("SharedAccessKey");
  });

  it("is found by commands in the same folder, and by others through the file that it leaves", async () => {
    const { access } = started;
    const here = await bench.run("enroll thermostats --devices 1");
    expect(here.stderr).toContain(`emulator at ${access.url}, serving .dps-certs`);
    const elsewhere = createBench();
    const file = bench.path(".dps-certs/emulator.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await elsewhere.json(`group list --target ${file}`)).toHaveLength(1);
    const env = {
      DPS_EMULATOR_URL: access.url,
      DPS_EMULATOR_CA: access.caFile,
      DPS_CONNECTION_STRING: access.connectionString,
      DPS_EMULATOR_ARM_TOKEN: access.armToken,
    };
    const byUrl = await elsewhere.run("certificate list", { env });
    expect(byUrl.stderr).toContain(`emulator at ${access.url} (DPS_EMULATOR_URL)`);
    expect(byUrl.stdout).toContain("thermostats-root");
  });
});

describe("emulator start", () => {
  it("hands out tokens to its client, and with --msi to any program of the machine", async () => {
    const bench = createBench();
    const { access } = await startEmulator(bench, "--msi");
    const file = JSON.parse(readFileSync(bench.path(".dps-certs/emulator.json"), "utf8"));
    expect(file).toMatchObject({ tokenUrl: access.tokenUrl, clientSecret: access.clientSecret });
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: `${access.clientId}`,
      client_secret: `${access.clientSecret}`,
      scope: "https://management.azure.com/.default",
    });
    writeFileSync(bench.path("form"), form.toString());
    const ca = ["--cacert", access.caFile];
    const byClient = await curl(...ca, "-d", `@${bench.path("form")}`, `${access.tokenUrl}`);
    const query = "api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    const byMachine = await curl(...ca, "-H", "Metadata: true", `${access.msiEndpoint}?${query}`);
    for (const answer of [byClient, byMachine]) {
      const header = `Authorization: Bearer ${JSON.parse(answer).access_token}`;
      const url = `${access.url}/subscriptions?api-version=2022-12-01`;
      const { value } = JSON.parse(await curl(...ca, "-H", header, url));
      expect(value[0].subscriptionId).toBe(access.subscriptionId);
    }
  });

  it("does not print its secrets to people", async () => {
    const bench = createBench();
    const running = bench.start(["emulator", "start"]);
    onTestFinished(() => {
      running.child.kill("SIGKILL");
    });
    await running.firstLine;
    const file = JSON.parse(readFileSync(bench.path(".dps-certs/emulator.json"), "utf8"));
    running.child.kill("SIGTERM");
    const { stdout } = await running.ended;
    expect(stdout).toContain(file.tokenUrl);
    for (const name of ["clientSecret", "armToken", "connectionString"]) {
      expect(stdout).not.toContain(file[name]);
    }
  });

  it("serves what enroll left to curl: a device registers with its certificate", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    const { access } = await startEmulator(bench, "--retry-after", "0");
    const registrations = `${access.url}/${access.idScope}/registrations/thermostats-001`;
    const as = [
      ...[
        "--cacert",
        access.caFile,
        "--cert",
        bench.path("pki/certs/thermostats-001-full-chain.cert.pem"),
      ],
      ...["--key", bench.path("pki/private/thermostats-001.key.pem")],
    ];
    const accepted = JSON.parse(
      await curl(
        ...[
          ...as,
          "-X",
          "PUT",
          "-H",
          "Content-Type: application/json",
          "-H",
          "Content-Encoding: utf-8",
        ],
        ...["-d", '{"registrationId":"thermostats-001"}'],
        `${registrations}/register?api-version=2021-06-01`,
      ),
    );
    expect(accepted.status).toBe("assigning");
    const url = `${registrations}/operations/${accepted.operationId}?api-version=2021-06-01`;
    const final = JSON.parse(await curl(...as, url));
    expect(final).toMatchObject({
      status: "assigned",
      registrationState: { deviceId: "thermostats-001" },
    });
  });

  it("has a device wait as long as it was told to", async () => {
    const bench = createBench();
    const { access } = await startEmulator(bench, "--retry-after", "1");
    const before = performance.now();
    await bench.run("enroll thermostats --devices 1 --register");
    // The service hands the outcome out no earlier: this is its clock, not a benchmark.
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(access.url).toMatch(/^https:\/\/localhost:\d+$/);
  });

  it("leaves nothing behind in memory", async () => {
    const bench = createBench();
    const { access, child, ended } = await startEmulator(bench, "--in-memory");
    expect(existsSync(access.caFile)).toBe(true);
    child.kill("SIGTERM");
    expect((await ended).status).toBe(0);
    expect(existsSync(access.caFile)).toBe(false);
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });
});

describe("emulator status and stop", () => {
  it("tell where it runs, and end it", async () => {
    const bench = createBench();
    const { access, ended } = await startEmulator(bench);
    expect(await bench.json("emulator status")).toMatchObject({ running: true, url: access.url });
    expect(await bench.json("emulator stop")).toEqual({ stopped: true, url: access.url });
    expect((await ended).status).toBe(0);
    expect(existsSync(bench.path(".dps-certs/emulator.json"))).toBe(false);
    expect(await bench.json("emulator status")).toEqual({ running: false });
    expect((await bench.run("emulator status")).status).toBe(1);
    expect(await bench.json("emulator stop")).toEqual({ stopped: false });
  });

  it("are not taken in by what a killed emulator left", async () => {
    const bench = createBench();
    const { child, ended } = await startEmulator(bench);
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(bench.path(".dps-certs/emulator.json"))).toBe(true);
    expect((await bench.run("emulator status")).status).toBe(1);
    const next = await bench.run("enroll thermostats");
    expect(next.stderr).toContain("embedded emulator, state in .dps-certs");
  });

  it("are not taken in by a copy of a state folder that is served elsewhere", async () => {
    const bench = createBench();
    await startEmulator(bench);
    cpSync(bench.path(".dps-certs"), bench.path("copy"), { recursive: true });
    const { stderr } = await bench.run("enroll thermostats --state-dir copy");
    expect(stderr).toContain("embedded emulator, state in copy");
    expect(await bench.json("emulator stop --state-dir copy")).toEqual({ stopped: false });
    expect(await bench.json("group list")).toEqual([]);
  });

  it("are not stopped by a file that is damaged", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    writeFileSync(bench.path(".dps-certs/emulator.json"), "{");
    expect(await bench.json("group list")).toHaveLength(1);
  });

  it("are not taken in by an emulator that serves another state at that address", async () => {
    const [bench, other] = [createBench(), createBench()];
    const { access } = await startEmulator(other);
    await bench.run("enroll thermostats");
    const stale = { ...access, nonce: "another-state" };
    writeFileSync(bench.path(".dps-certs/emulator.json"), JSON.stringify(stale));
    expect((await bench.run("group list")).stderr).toContain("embedded emulator");
    expect((await bench.run("emulator stop")).stdout).toContain("no emulator is serving");
    expect(readFileSync(access.caFile, "utf8")).toContain("BEGIN CERTIFICATE");
  });
});
