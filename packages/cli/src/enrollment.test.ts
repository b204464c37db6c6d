import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishAccess } from "./flow/emulator-access.ts";
import type { Io } from "./io.ts";
import { type Bench, benchIn, type Outcome } from "./testing/bench.ts";

/** One service and one PKI folder for all tests: each uses ids of its own. */
let emulator: Emulator;
let bench: Bench;
let withdraw: () => Promise<void>;

beforeAll(async () => {
  bench = benchIn(mkdtempSync(join(tmpdir(), "dps-certs-enrollment-")));
  emulator = await startEmulator({ inMemory: true, retryAfterSeconds: 0 });
  const published = await publishAccess(emulator, undefined);
  withdraw = published.withdraw;
  writeFileSync(bench.path("service.json"), JSON.stringify(published.access), { mode: 0o600 });
  await bench.run("ca create");
  await bench.run("device create dev-1 dev-2 dev-3 dev-4");
});

afterAll(async () => {
  await withdraw();
  await emulator.close();
  rmSync(bench.folder, { recursive: true, force: true });
});

const run = (line: string, io?: Partial<Io>): Promise<Outcome> =>
  bench.run(`${line} --target service.json`, io);
const json = (line: string): Promise<unknown> => bench.json(`${line} --target service.json`);
const write = (name: string, text: string) =>
  writeFileSync(bench.path(name), text, { mode: 0o600 });

const certificate = (id: string) => `pki/certs/${id}.cert.pem`;
const KEY = Buffer.alloc(32, 3).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 4).toString("base64");

describe("enrollment", () => {
  it("is created by the device's certificate, registers it, and is deleted", async () => {
    const created = await run("enrollment create dev-1 --device dev-1 --device-id hub-1");
    expect(created.stderr).toMatch(/✔ enrollment +dev-1 {3}enabled {3}created/);
    const again = await run("enrollment create dev-1 --device dev-1 --device-id hub-1");
    expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/= enrollment/)]);
    expect(await json("enrollment create dev-1 --device dev-1 --device-id other")).toMatchObject({
      error: { code: "drift", hint: expect.stringContaining("enrollment update dev-1") },
    });
    expect(await json("device register dev-1")).toMatchObject([
      { registrationId: "dev-1", deviceId: "hub-1", status: "assigned" },
    ]);
    expect((await run("enrollment show dev-1")).stdout).toMatch(
      /^id +dev-1\ndevice +hub-1\n.*primary +CN=dev-1\n.*registration +assigned\n/s,
    );
    await run(`enrollment update dev-1 --secondary-certificate ${certificate("dev-2")}`);
    expect(await json("enrollment create dev-1 --device dev-1 --device-id hub-1")).toMatchObject({
      error: { code: "drift", message: expect.stringContaining("secondary: CN=dev-2") },
    });
    const asked = await run("enrollment delete dev-1");
    expect(asked.stderr).toContain("registered; the device stays in its IoT hub");
    expect([asked.status, asked.stderr]).toEqual([1, expect.stringContaining("--yes")]);
    expect((await run("enrollment delete dev-1 --yes")).status).toBe(0);
    expect(await json("enrollment show dev-1")).toMatchObject({ error: { code: "not-found" } });
  });

  it("warns of a certificate that the service will refuse", async () => {
    const { status, stderr } = await run(
      `enrollment create dev-9 --certificate ${certificate("dev-1")}`,
    );
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining("common name is dev-1, not dev-9"),
    ]);
    const root = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
    const late = { now: () => new Date(Date.now() + 400 * 86_400_000) };
    const ca = await run(`enrollment update dev-9 --certificate ${root}`, late);
    expect(ca.stderr).toMatch(/is a CA.*expired at/s);
  });

  it("changes what is given, and keeps keys that are not", async () => {
    write("key", `${KEY}\n`);
    await run("enrollment create keyed --symmetric-key");
    const keysOf = async () =>
      ((await json("enrollment show keyed --keys")) as { attestation: { symmetricKey: unknown } })
        .attestation.symmetricKey as { primaryKey: string; secondaryKey: string };
    const drawn = await keysOf();
    const changed = await run("enrollment update keyed --primary-key-file key --disabled");
    expect(changed.stderr).toMatch(/primary: a key -> a key\n.*enabled -> disabled\n/s);
    expect(await keysOf()).toEqual({ primaryKey: KEY, secondaryKey: drawn.secondaryKey });
    expect(changed.stdout + changed.stderr).not.toContain(KEY);
    const same = await run("enrollment update keyed --disabled");
    expect(same.stderr).toMatch(/= enrollment +keyed {3}as it is to be/);
    const listed = await run("enrollment list");
    expect(listed.stdout).toMatch(/^keyed +disabled +symmetricKey/m);
    const top = await json("enrollment list --top 1");
    expect(top).toHaveLength(1);
  });

  it("is a TPM's, or below a CA of the service", async () => {
    write("ek", "AToAAQALAAMAsgAg\ng3GXZ0SEs/gakMyN\n");
    await run("enrollment create tpm-1 --endorsement-key-file ek");
    expect(await json("enrollment show tpm-1")).toMatchObject({
      attestation: { type: "tpm", tpm: { endorsementKey: "AToAAQALAAMAsgAgg3GXZ0SEs/gakMyN" } },
    });
    await run("certificate upload root --name our-root --verified");
    await run("enrollment create dev-2 --ca-reference our-root");
    expect((await run("device register dev-2")).status).toBe(0);
  });

  it.each([
    ["create a", "how is a to show who it is?"],
    ["create a. --symmetric-key", "cannot be a registration id"],
    [`create a --certificate ${certificate("dev-1")} --symmetric-key`, "exclude one another"],
    [`create a --certificate ${certificate("dev-1")} --device dev-1`, "exclude one another"],
    [`create a --secondary-certificate ${certificate("dev-1")}`, "beside a primary one"],
    ["create a --storage-root-key-file ek", "--endorsement-key-file"],
    ["create a --symmetric-key --iot-hubs h", "--allocation-policy"],
    ["update a", "say what is to be changed"],
    ["list --top 0", "--top"],
    ["import", "--from"],
    ["import --from x --mode upsert", "--mode takes"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const { status, stderr } = await run(`enrollment ${line}`);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe("enrollment import", () => {
  const FLEET = [
    "registrationId,deviceId,certificate,primaryKey,provisioningStatus",
    `dev-3,,${certificate("dev-3")},,`,
    `keyed-1,hub-k,,${KEY},disabled`,
    "no-proof,,,,",
    `dev-4,,${certificate("dev-4")},,`,
    "nobody,,missing.pem,,",
  ].join("\n");

  it("enrolls what is good, reports what is not, and does what is left when run again", async () => {
    write("fleet.csv", FLEET);
    const checked = await run("enrollment import --from fleet.csv --dry-run");
    expect([checked.status, checked.stdout]).toEqual([1, expect.stringMatching(/^5 +3 +2$/m)]);
    expect(await json("enrollment show dev-3")).toMatchObject({ error: { code: "not-found" } });

    const line = "enrollment import --from fleet.csv --report failed.ndjson";
    const first = await run(line);
    expect([first.status, first.stdout]).toEqual([1, expect.stringMatching(/^5 +3 +0 +2$/m)]);
    expect(first.stderr).toMatch(/✖ line 4 +no-proof {3}it does not say how/);
    const report = readFileSync(bench.path("failed.ndjson"), "utf8").trim().split("\n");
    expect(report.map((one) => JSON.parse(one))).toMatchObject([
      { line: 4, id: "no-proof", code: "bad-row" },
      { line: 6, id: "nobody", code: "bad-row", message: expect.stringContaining("missing.pem") },
    ]);
    const devices = await run("device register dev-3");
    expect(devices.status).toBe(0);

    write("fleet.csv", FLEET.replace(KEY, OTHER_KEY));
    expect(await json(line)).toMatchObject({
      ...{ rows: 5, done: 0, already: 2, failed: 3, stopped: null },
      failures: [{ line: 4 }, { line: 6 }, { line: 3, id: "keyed-1", code: "conflict" }],
    });
    const all = first.stdout + first.stderr + readFileSync(bench.path("failed.ndjson"), "utf8");
    expect(all).not.toContain(KEY);
    expect(all).not.toContain(OTHER_KEY);
  });

  it("changes, and deletes, what a file names", async () => {
    const items = [{ registrationId: "many-1" }, { registrationId: "many-2" }];
    const keyed = items.map((one) => ({ ...one, attestation: { type: "symmetricKey" } }));
    write("many.json", JSON.stringify(keyed, undefined, 2));
    expect(await json("enrollment import --from many.json")).toMatchObject({ done: 2 });
    write("status.ndjson", '{"registrationId":"MANY-1","provisioningStatus":"disabled"}\n');
    const changed = await json("enrollment import --from status.ndjson --mode update");
    expect(changed).toMatchObject({ done: 1, failed: 0 });
    expect(await json("enrollment show many-1")).toMatchObject({ provisioningStatus: "disabled" });

    const refused = await run("enrollment import --from many.json --mode delete");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--yes")]);
    const confirm = () => Promise.resolve(true);
    const gone = await run("enrollment import --from many.json --mode delete", { confirm });
    expect(gone.stdout).toMatch(/DELETED .*\n2 +2 +0 +0/);
  });

  it("ends with the first row that fails where that is asked for", async () => {
    const rows = ["registrationId,attestation", "bad id,symmetricKey", "never,symmetricKey"];
    write("bad.csv", rows.join("\n"));
    const answer = await json("enrollment import --from bad.csv --fail-fast");
    expect(answer).toMatchObject({ rows: 1, failed: 1, stopped: "failed" });
    expect(await json("enrollment show never")).toMatchObject({ error: { code: "not-found" } });
  });

  it("warns of certificates that are not the devices' own", async () => {
    write("wrong.csv", `registrationId,certificate\nx-1,${certificate("dev-3")}\n`);
    const { status, stderr } = await run("enrollment import --from wrong.csv --dry-run");
    expect([status, stderr]).toEqual([0, expect.stringMatching(/1 certificate.*common name.*x-1/)]);
  });

  it.each([
    ["fleet.csv --report service.json", "is no report of an import"],
    ["none.csv", "none.csv is not there"],
    ["pki", "pki is a folder"],
  ])("--from %s: sends nothing, says %s", async (line, words) => {
    const { status, stderr } = await run(`enrollment import --from ${line}`);
    expect(status).not.toBe(0);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("emulator at");
  });
});

describe("device register --all", () => {
  it("leaves out what is registered as it is, until its group changes", async () => {
    await run("enroll fleet --devices 2 --pki fleet");
    const line = "device register --all --pki fleet";
    expect(await json(line)).toMatchObject([
      { registrationId: "fleet-001", status: "assigned" },
      { registrationId: "fleet-002", status: "assigned" },
    ]);
    const second = await run(line);
    expect([second.status, second.stdout]).toEqual([0, ""]);
    expect(second.stderr).toContain("2 devices registered already");
    expect(await json(`${line} --again`)).toHaveLength(2);
    await run("group update fleet --disabled");
    const disabled = await run(line);
    expect(disabled.status).toBe(1);
    expect(disabled.stderr).toMatch(/✖ fleet-001 .*disabled/);
    expect((await run("device register fleet-001 --again --pki fleet")).status).toBe(2);
  });
});
