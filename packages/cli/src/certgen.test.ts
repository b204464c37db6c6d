import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { main } from "./main.ts";
import { type Bench, benchIn, createBench } from "./testing/bench.ts";

const COMMANDS = [
  "create_root_and_intermediate",
  "create_verification_certificate",
  "create_device_certificate",
  "create_device_certificate_from_intermediate",
  "create_edge_device_certificate",
];
const WITH_NAME = COMMANDS.slice(1);

async function withChain(): Promise<Bench> {
  const bench = createBench();
  const made = await bench.run("certgen create_root_and_intermediate --algorithm ec-p256");
  expect([made.status, made.stdout]).toEqual([0, ""]);
  return bench;
}

const subjectOf = (bench: Bench, file: string) =>
  bench.openssl("x509", "-noout", "-subject", "-in", file).trim();

describe("certgen", () => {
  it("leads from an empty folder to certificates that openssl verifies, in the current folder", async () => {
    const bench = await withChain();
    for (const command of WITH_NAME) {
      const { status, stderr } = await bench.run(`certgen ${command} name-${command.slice(-9)}`);
      expect([status, command, stderr]).toEqual([0, command, expect.stringContaining("PFX")]);
    }
    for (const stem of ["verification-code", "new-device", "new-edge-device"]) {
      const chain = ["-CAfile", "certs/azure-iot-test-only.chain.ca.cert.pem"];
      expect(bench.openssl("verify", ...chain, `certs/${stem}.cert.pem`)).toContain("OK");
    }
    expect(subjectOf(bench, "certs/new-edge-device.cert.pem")).toMatch(/\.ca$/);
    expect(readFileSync(bench.path("serial"), "utf8")).toBe("06\n");
    expect(existsSync(bench.path("pki"))).toBe(false);
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });

  it("tells what it made, where, and until when, and once what it is good for", async () => {
    const bench = createBench();
    const now = () => new Date("2030-03-01T12:00:00.000Z");
    const line = "certgen create_root_and_intermediate --algorithm ec-p256";
    const chain = await bench.run(line, { now });
    expect(chain.stderr.match(/for test only/g)).toHaveLength(1);
    expect(chain.stderr).toContain("certs/azure-iot-test-only.root.ca.cert.pem");
    expect(chain.stderr).toContain("private/azure-iot-test-only.root.ca.key.pem (password 1234)");
    expect(chain.stderr.match(/valid until 2030-03-31, 30 days left/g)).toHaveLength(2);
    const device = await bench.run("certgen create_device_certificate dev --days 3", { now });
    expect(device.stderr).toMatch(/certs\/new-device\.cert\.pem +valid until 2030-03-04, 3 days/);
    expect(device.stderr).toContain("certs/new-device-full-chain.cert.pem");
    expect(device.stderr).not.toContain("for test only");
    const soon = () => new Date("2030-03-01T13:00:00.000Z");
    const next = await bench.run("certgen create_device_certificate dev1", { now: soon });
    expect(next.stderr).not.toContain("ends with its issuer");
    const later = () => new Date("2030-03-21T12:00:00.000Z");
    const cut = await bench.run("certgen create_device_certificate dev2", { now: later });
    expect(cut.stderr).toContain("ends with its issuer");
  });

  it("gives the same as JSON", async () => {
    const bench = createBench();
    const chain = "certgen create_root_and_intermediate --algorithm ec-p256";
    expect(await bench.json(chain)).toMatchObject({
      cas: [
        { subject: "CN=Azure IoT Hub CA Cert Test Only", key: expect.stringContaining("private/") },
        { subject: "CN=Azure IoT Hub Intermediate Cert Test Only", serialNumber: "01" },
      ],
      chain: "certs/azure-iot-test-only.chain.ca.cert.pem",
    });
    expect(await bench.json("certgen create_edge_device_certificate gw")).toMatchObject({
      subject: "CN=gw.ca",
      issuer: "CN=Azure IoT Hub Intermediate Cert Test Only",
      serialNumber: "02",
      certificate: "certs/new-edge-device.cert.pem",
      pfx: "certs/new-edge-device.cert.pfx",
      fullChain: "certs/new-edge-device-full-chain.cert.pem",
    });
  });

  it("replaces a chain only when it is told to, and says where the old one is", async () => {
    const bench = await withChain();
    const before = bench.snapshot();
    const line = "certgen create_root_and_intermediate --algorithm ec-p256";
    const refused = await bench.run(line);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--force")]);
    expect(bench.snapshot()).toEqual(before);
    const forced = await bench.run(`${line} --force`);
    expect(forced.stderr).toMatch(/kept in old-\d{8}T\d{6}Z/);
    const kept = new Set(Object.values(bench.snapshot()));
    const root = before["private/azure-iot-test-only.root.ca.key.pem"];
    expect(kept.has(root ?? "")).toBe(true);
  });

  it("refuses a name twice where openssl would, and supersedes the first when it is told to", async () => {
    const bench = await withChain();
    writeFileSync(bench.path("index.txt.attr"), "unique_subject = yes\n");
    await bench.run("certgen create_device_certificate dev");
    const before = bench.snapshot();
    const refused = await bench.run("certgen create_device_certificate dev");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--force")]);
    expect(bench.snapshot()).toEqual(before);
    const forced = await bench.run("certgen create_device_certificate dev --force");
    expect(forced.stderr).toContain("1 older certificate of that name superseded: serial 02");
  });

  it("takes a name with a space or a dash in front for what it is", async () => {
    const { folder, ...bench } = await withChain();
    const quiet = { stdout: () => undefined, stderr: () => undefined, isLive: false };
    const io = { ...quiet, confirm: undefined, askSecret: undefined, env: {}, cwd: folder };
    for (const name of ["my dev", "-x", "--days", "1e3", "0x10"]) {
      const words = ["certgen", "create_device_certificate", "--", name];
      expect(await main(words, { ...io, now: () => new Date() })).toBe(0);
      expect(subjectOf({ folder, ...bench }, "certs/new-device.cert.pem")).toBe(
        `subject=CN = ${name}`,
      );
    }
  });

  it("signs with a CA key that has another password, which is never an argument", async () => {
    const bench = createBench();
    const key = "private/azure-iot-test-only.root.ca.key.pem";
    await bench.run("certgen create_root_and_intermediate --algorithm ec-p256");
    writeFileSync(bench.path("old"), "1234\n");
    writeFileSync(bench.path("new"), "other\n");
    const passwords = ["-passin", "file:old", "-aes256", "-passout", "file:new"];
    bench.openssl("pkey", "-in", key, ...passwords, "-out", "key");
    writeFileSync(bench.path(key), readFileSync(bench.path("key")));
    const line = "certgen create_device_certificate dev";
    const refused = await bench.run(line);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/password/)]);
    expect((await bench.run(`${line} --password-file new`)).status).toBe(0);
    const asked = await bench.run(line, { askSecret: async () => "other" });
    expect([asked.status, asked.stderr]).toEqual([0, expect.not.stringContaining("other")]);
  });
});

describe("certgen, used wrongly", () => {
  it.each([
    ["certgen", "name a command"],
    ["certgen create_everything", "unknown"],
    ...WITH_NAME.map((command) => [
      `certgen ${command}`,
      `<cn> is missing: dps-certs certgen ${command} <cn>`,
    ]),
    ["certgen create_device_certificate a b", "unknown argument: b"],
    ["certgen create_root_and_intermediate x", "unknown argument: x"],
    ["certgen create_device_certificate a --algorithm ed25519", "--algorithm takes"],
    ["certgen create_device_certificate a --days 0", "--days must be a whole number"],
    ["certgen create_device_certificate a --pki lab", "current folder"],
    ["certgen create_device_certificate a --keep", 'unknown option "--keep"'],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    const { status, stdout, stderr } = await bench.run(line);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(words)]);
    expect(bench.snapshot()).toEqual({});
  });

  it("without a chain says how to make one", async () => {
    const bench = createBench();
    const { status, stderr } = await bench.run("certgen create_device_certificate a");
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining("dps-certs certgen create_root_and_intermediate"),
    ]);
    expect(bench.snapshot()).toEqual({});
  });

  it.each(COMMANDS)("is told what %s does by --help, examples first", async (command) => {
    const { status, stdout } = await createBench().run(`certgen ${command} --help`);
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  dps-certs certgen ${command}`);
    expect(stdout).toContain("--algorithm");
  });

  it("is told of all five by --help", async () => {
    const { stdout } = await createBench().run("certgen --help");
    for (const command of COMMANDS) expect(stdout).toContain(`dps-certs certgen ${command}`);
  });
});

describe("a folder of the script", () => {
  /** As the original leaves it: no file of ours. */
  async function scriptFolder(): Promise<Bench> {
    const bench = await withChain();
    for (const name of ["pki.json", "crlnumber", ".gitignore", "private/.gitignore"]) {
      rmSync(bench.path(name));
    }
    writeFileSync(bench.path("index.txt.attr"), "unique_subject = yes\n");
    for (const name of ["index.txt", "index.txt.attr", "serial"]) {
      writeFileSync(bench.path(`${name}.old`), readFileSync(bench.path(name)));
    }
    mkdirSync(bench.path("intermediateCerts"));
    return bench;
  }

  it("is a PKI folder for the other commands", { timeout: 60_000 }, async () => {
    const bench = await scriptFolder();
    await bench.run("certgen create_device_certificate dev-1 --algorithm ec-p256");
    expect(await bench.json("ca show --pki .")).toMatchObject([
      { name: "root", subject: "CN=Azure IoT Hub CA Cert Test Only" },
      { name: "intermediate", issuer: "root" },
    ]);
    const made = await bench.json("device create sensor-1 --pki .");
    expect(made).toMatchObject([
      { id: "sensor-1", issuer: "CN=Azure IoT Hub Intermediate Cert Test Only" },
    ]);
    const line = "enroll thermostats --pki . --devices 1 --register --yes";
    const enrolled = await bench.run(line);
    expect([enrolled.status, enrolled.stdout], enrolled.stderr).toEqual([
      0,
      expect.stringContaining("thermostats is enrolled"),
    ]);
    // The certificate that was made first is another name's, and no device's.
    expect(await bench.json("device list --pki .")).toMatchObject([
      { id: "sensor-1" },
      { id: "thermostats-001" },
    ]);
    const edge = "certgen create_edge_device_certificate gw --algorithm ec-p256";
    expect((await bench.run(edge)).status).toBe(0);
    expect(readFileSync(bench.path("serial"), "utf8")).toBe("04\n");
  });

  it.skipIf(!process.env.CERTGEN_DIR)(
    "made by the original itself, too",
    {
      timeout: 60_000,
    },
    async () => {
      const original = process.env.CERTGEN_DIR ?? "";
      const { folder } = createBench();
      const bench = benchIn(folder);
      const { execFileSync } = await import("node:child_process");
      const { cpSync } = await import("node:fs");
      cpSync(original, folder, { recursive: true });
      const script = (...args: string[]) =>
        execFileSync("bash", ["certGen.sh", ...args], {
          ...{ cwd: folder, stdio: "ignore", env: { ...process.env, TERM: "xterm", PWD: folder } },
        });
      script("create_root_and_intermediate");
      expect(await bench.json("ca show --pki .")).toMatchObject([{ name: "root" }, {}]);
      await bench.run("device create sensor-1 --pki .");
      const line = "enroll thermostats --pki . --devices 1 --register --yes";
      const enrolled = await bench.run(line);
      expect([enrolled.status, enrolled.stdout], enrolled.stderr).toEqual([
        0,
        expect.stringContaining("thermostats is enrolled"),
      ]);
      script("create_device_certificate_from_intermediate", "dev-2");
      expect((await bench.run("certgen create_device_certificate dev-3")).status).toBe(0);
      expect(readFileSync(bench.path("serial"), "utf8")).toBe("04\n");
    },
  );
});
