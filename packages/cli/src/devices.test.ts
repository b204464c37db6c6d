import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { oneAtATime } from "./flow/registration/register-command.ts";
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

  it("has the lowest CA of a chain sign, or any other that is named", async () => {
    const bench = createBench();
    await bench.run("ca create --intermediates 3");
    expect(await bench.json("device create a")).toMatchObject([
      { issuer: "CN=dps-certs Test Intermediate 3 CA" },
    ]);
    expect(await bench.json("device create b --issuer intermediate-2")).toMatchObject([
      { issuer: "CN=dps-certs Test Intermediate 2 CA" },
    ]);
    const chain = readFileSync(bench.path("pki/certs/a-full-chain.cert.pem"), "utf8");
    expect(chain.match(/BEGIN/g)).toHaveLength(4);
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

describe("device create --edge", () => {
  it("makes the three certificates of an IoT Edge device, and tells them apart", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const { stderr } = await bench.run("device create gw-1 --edge ca");
    expect(stderr).toContain("give Edge an intermediate of its own");
    await bench.run("device create gw-1 --edge identity");
    await bench.run(
      "device create gw-1 --edge server --dns gw-1.example,*.gw.example --ip 10.0.0.5,::1",
    );
    const devices = (await bench.json("device list")) as { id: string; role: string }[];
    expect(devices.map(({ id, role }) => [id, role])).toEqual([
      ["gw-1", "device"],
      ["gw-1.ca", "edge ca"],
      ["gw-1.server", "edge server"],
    ]);
    const server = "pki/certs/gw-1.server.cert.pem";
    const names = bench.openssl("x509", "-noout", "-ext", "subjectAltName", "-in", server);
    expect(names).toContain("DNS:gw-1, DNS:gw-1.example, DNS:*.gw.example, IP Address:10.0.0.5");
    const chain = "pki/certs/gw-1.ca-full-chain.cert.pem";
    expect(readFileSync(bench.path(chain), "utf8").match(/BEGIN/g)).toHaveLength(3);
  });

  it.each([
    ["device create x --dns a.example", "--edge server"],
    ["device create x --edge ca --ip 10.0.0.5", "--edge server"],
    ["device create x --edge server --dns a,,b", "empty name"],
    ["device create x --edge hub", "--edge takes"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    const { status, stderr } = await bench.run(line);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(bench.snapshot()).toEqual({});
  });

  it("takes no name that is none", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const answer = await bench.json("device create gw-1 --edge server --dns gw_1");
    expect(answer).toMatchObject({ error: { code: "invalid-name" } });
  });
});

describe("device create with passwords", () => {
  it("opens the CA's key, encrypts the device's, and locks the PFX", async () => {
    const bench = createBench();
    const env = { CA: "ca-secret", KEY: "key-secret", PFX: "pfx-secret" };
    await bench.run("ca create --password-env CA", { env });
    const line = "device create a --key-password-env KEY --pfx --pfx-password-env PFX";
    const locked = await bench.json(line, { env });
    expect(locked).toMatchObject({ error: { code: "password-required" } });
    const made = await bench.json(`${line} --legacy --password-env CA`, { env });
    const pfx = "certs/a.cert.pfx";
    expect(made).toMatchObject([{ id: "a", key: "private/a.key.pem", pfx }]);
    expect(readFileSync(bench.path("pki/private/a.key.pem"), "utf8")).toContain("ENCRYPTED");
    writeFileSync(bench.path("password"), "pfx-secret\n");
    const show = ["pkcs12", "-in", `pki/${pfx}`, "-passin", "file:password", "-nokeys", "-legacy"];
    expect(bench.openssl(...show).match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    const all = JSON.stringify(made);
    for (const secret of Object.values(env)) expect(all).not.toContain(secret);
  });

  it("asks twice for the password of a PFX, and makes nothing when the two differ", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const before = bench.snapshot();
    const answers = ["one", "other", "same", "same"];
    const askSecret = async () => answers.shift();
    const differ = await bench.run("device create a --pfx", { askSecret });
    expect([differ.status, differ.stderr]).toEqual([2, expect.stringContaining("differ")]);
    expect(bench.snapshot()).toEqual(before);
    expect((await bench.run("device create a --pfx", { askSecret })).status).toBe(0);
  });

  it.each([
    ["device create a --pfx", "--pfx-password-file"],
    ["device create a --legacy", "--pfx"],
    ["device create a --pfx-password-env X", "--pfx"],
    ["device create a --key-password-env NONE", "NONE is not set"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    await bench.run("ca create");
    const { status, stderr } = await bench.run(line, { env: { X: "x" } });
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe("device list", () => {
  it("tells of a damaged file, and lists the others", async () => {
    const bench = createBench();
    await bench.run("ca create");
    await bench.run("device create a b c");
    writeFileSync(bench.path("pki/certs/b.cert.pem"), "x");
    const { status, stdout, stderr } = await bench.run("device list");
    expect(status).toBe(1);
    expect(stderr).toContain(bench.path("pki/certs/b.cert.pem"));
    expect(stderr).toContain("dps-certs device create b --force");
    expect(stdout.split("\n").map((line) => line.split(/ +/).slice(0, 2))).toMatchObject([
      ["ID", "ROLE"],
      ["a", "device"],
      ["b", "damaged"],
      ["c", "device"],
      [""],
    ]);
    expect(await bench.json("device list")).toMatchObject([
      { id: "a", daysLeft: 29, role: "device" },
      { id: "b", error: { code: "invalid-certificate" } },
      { id: "c" },
    ]);
  });
});

describe("device register", () => {
  it("leaves out what does not register, and says why", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    await bench.run("device create gw-1 --edge ca");
    await bench.run("device create gw-1 --edge server");
    await bench.run("device create far-1");
    renameSync(bench.path("pki/private/far-1.key.pem"), bench.path("pki/csr/far-1.csr.pem"));
    const { status, stderr } = await bench.run("device register --all");
    expect(stderr).toContain("leaving out gw-1.ca: its certificate is an edge ca's");
    expect(stderr).toContain("leaving out gw-1.server: its certificate is an edge server's");
    expect(stderr).toContain("leaving out far-1: its key is not here");
    expect(status).toBe(0);
    const refused = await bench.run("device register gw-1.ca");
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("edge ca")]);
    const taken = await bench.json("enroll thermostats --devices 1 --prefix gw");
    expect(taken).toMatchObject({ changed: true });
  });

  it("opens encrypted keys, and asks for the password of each", async () => {
    const bench = createBench();
    const env = { KEY: "key-secret" };
    await bench.run("enroll thermostats");
    await bench.run("device create a b --key-password-env KEY", { env });
    const locked = await bench.json("device register a");
    expect(locked).toMatchObject({ error: { code: "password-required" } });
    expect((await bench.run("device register a --key-password-env KEY", { env })).status).toBe(0);
    const asked: string[] = [];
    const askSecret = (question: string) => {
      asked.push(question);
      return Promise.resolve("key-secret");
    };
    expect((await bench.run("device register --all --again", { askSecret })).status).toBe(0);
    expect(asked).toHaveLength(2);
  });

  it("asks one question after the other", async () => {
    const answers: (() => void)[] = [];
    const ask = oneAtATime((file) => new Promise((resolve) => answers.push(() => resolve(file))));
    const both = [ask("a"), ask("b")];
    for (const answered of [1, 2]) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(answers).toHaveLength(answered);
      answers[answered - 1]?.();
    }
    expect(await Promise.all(both)).toEqual(["a", "b"]);
  });

  it("leaves the password of a key that enroll finds to who registers the device", async () => {
    const bench = createBench();
    const env = { KEY: "key-secret" };
    await bench.run("enroll thermostats");
    await bench.run("device create x-001 --key-password-env KEY", { env });
    expect((await bench.run("enroll thermostats --devices 1 --prefix x")).status).toBe(0);
  });

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
