import { existsSync, readFileSync, rmSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

interface Device {
  id: string;
  serialNumber: string;
}

let bench: Bench;
let device: Device;

beforeEach(async () => {
  bench = createBench();
  await bench.run("ca create");
  const made = (await bench.json("device create sensor-1 sensor-2")) as Device[];
  device = made[0] ?? { id: "", serialNumber: "" };
});

const rows = () => readFileSync(bench.path("pki/index.txt"), "utf8");
const revokedRows = () => rows().match(/^R.*$/gm) ?? [];

describe("ca revoke", () => {
  it("takes a device's id, and says what comes next", async () => {
    const { status, stderr, stdout } = await bench.run("ca revoke sensor-1 --reason KeyCompromise");
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/✔ revoked +\/CN=sensor-1/);
    expect(stderr).toContain("dps-certs ca crl");
    expect(stderr).toContain("DPS reads no such list");
    expect(revokedRows()).toEqual([
      expect.stringMatching(`Z,keyCompromise\t${device.serialNumber}\tunknown\t/CN=sensor-1`),
    ]);
  });

  it.each([
    ["a serial number", () => device.serialNumber],
    ["one with colons", () => device.serialNumber.toLowerCase().match(/../g)?.join(":") ?? ""],
  ])("takes %s", async (_, form) => {
    expect(await bench.json(`ca revoke ${form()}`)).toEqual({
      serialNumber: device.serialNumber,
      subject: "/CN=sensor-1",
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it("takes the name of an intermediate CA, and not of the top", async () => {
    expect((await bench.run("ca revoke intermediate")).status).toBe(0);
    expect(await bench.json("ca revoke root")).toMatchObject({
      error: { code: "not-found", hint: expect.stringContaining("ca create --force") },
    });
    expect(revokedRows()).toHaveLength(1);
  });

  it("asks which is meant where it may be two", async () => {
    await bench.run(`device create ${device.serialNumber}`);
    const { status, stderr } = await bench.run(`ca revoke ${device.serialNumber}`);
    expect([status, stderr]).toEqual([2, expect.stringContaining("may be the device")]);
    const colons = device.serialNumber.match(/../g)?.join(":") ?? "";
    expect(await bench.json(`ca revoke ${colons}`)).toMatchObject({ subject: "/CN=sensor-1" });
  });

  it("refuses what is not there, revoked already, or no reason, and changes nothing", async () => {
    await bench.run("ca revoke sensor-1");
    const before = bench.snapshot();
    const codeOf = async (command: string) =>
      ((await bench.json(command)) as { error: { code: string } }).error.code;
    expect(await codeOf("ca revoke nobody")).toBe("not-found");
    expect(await codeOf("ca revoke sensor-1")).toBe("exists");
    expect(await codeOf("ca revoke sensor-2 --reason boredom")).toBe("usage");
    expect(bench.snapshot()).toEqual(before);
  });

  it("begins no folder", async () => {
    const { status } = await bench.run("ca revoke sensor-1 --pki elsewhere");
    expect([status, existsSync(bench.path("elsewhere"))]).toEqual([1, false]);
  });
});

describe("ca crl", () => {
  it("makes the list of each CA, which openssl takes", async () => {
    await bench.run("ca revoke sensor-1 --reason superseded");
    const { status, stderr } = await bench.run("ca crl");
    expect([status, stderr]).toEqual([0, expect.stringMatching(/0 certificates revoked, next by/)]);
    expect(stderr).toMatch(/✔ CRL 1 of intermediate +pki\/crl\/.*1 certificate revoked/);
    const paths = [
      "certs/azure-iot-test-only.intermediate.cert.pem",
      "crl/azure-iot-test-only.intermediate.crl.pem",
    ];
    const [ca = "", crl = ""] = paths.map((path) => bench.path("pki", path));
    const text = bench.openssl("crl", "-in", crl, "-CAfile", ca, "-text", "-noout");
    expect(text).toContain(`Serial Number: ${device.serialNumber}`);
    expect(text).toContain("Superseded");
  });

  it("makes one CA's, and counts on", async () => {
    await bench.run("ca crl --ca root");
    expect(await bench.json("ca crl --ca root --days 7")).toMatchObject([
      {
        ca: "root",
        number: 2,
        file: "crl/azure-iot-test-only.root.ca.crl.pem",
        revoked: [],
        unknown: [],
      },
    ]);
  });

  it("passes over a CA whose key is elsewhere, and warns of what nobody can tell the CA of", async () => {
    await bench.run("ca revoke sensor-1");
    rmSync(bench.path("pki/private/azure-iot-test-only.root.ca.key.pem"));
    rmSync(bench.path(`pki/newcerts/${device.serialNumber}.pem`));
    const { status, stderr } = await bench.run("ca crl");
    expect([status, stderr]).toEqual([0, expect.stringContaining(device.serialNumber)]);
    expect(stderr).not.toContain("of root");
  });

  it("wants a CA", async () => {
    const empty = await bench.json("ca crl --pki elsewhere");
    expect(empty).toMatchObject({ error: { code: "not-found" } });
    expect(await bench.json("ca crl --ca nobody")).toMatchObject({ error: { code: "not-found" } });
    expect((await bench.run("ca crl --days 0")).status).toBe(2);
  });
});
