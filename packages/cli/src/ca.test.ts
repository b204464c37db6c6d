import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const CHAIN = "pki/certs/azure-iot-test-only.chain.ca.cert.pem";
const KEYS = ["root.ca", "intermediate"].map(
  (name) => `pki/private/azure-iot-test-only.${name}.key.pem`,
);
const CODE = "7D07A6A5C5B0EF5CA6D42F8E0A0B7A0C4B5F8E0A0B7A0C4B";

interface Ca {
  name: string;
  issuer: string | null;
  group: string | null;
  keyAlgorithm: string;
  daysLeft: number;
}

const cas = async (bench: Bench, line = "ca show") => (await bench.json(line)) as Ca[];
const codeOf = (answer: unknown) => (answer as { error?: { code: string } }).error?.code;
const statusesOf = (outcome: unknown) =>
  Object.fromEntries(
    (outcome as { steps: { id: string; status: string }[] }).steps.map(({ id, status }) => [
      id,
      status,
    ]),
  );
const isEncrypted = (bench: Bench, key: string) =>
  readFileSync(bench.path(key), "utf8").startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");

describe("ca create", () => {
  it("makes a chain of several intermediates, which ca show draws as a tree", async () => {
    const bench = createBench();
    const { status, stderr } = await bench.run("ca create --intermediates 3 --subject Contoso");
    expect([status, stderr.match(/✔/g)]).toEqual([0, ["✔", "✔", "✔", "✔"]]);
    await bench.run("enroll pumps --target embedded");
    await bench.run("enroll thermostats --target embedded");
    const shown = (await bench.run("ca show")).stdout.split("\n");
    expect(shown.map((line) => line.replace(/ {2,}.*/, ""))).toEqual([
      "NAME",
      "root",
      "└ intermediate",
      "└─ intermediate-2",
      "└── intermediate-3",
      "└ thermostats",
      "",
    ]);
    expect(await cas(bench)).toMatchObject([
      { name: "root", issuer: null, subject: "CN=Contoso Root CA" },
      { issuer: "root", subject: "CN=Contoso Intermediate CA", group: null },
      { issuer: "intermediate", subject: "CN=Contoso Intermediate 2 CA", group: null },
      { issuer: "intermediate-2", subject: "CN=Contoso Intermediate 3 CA", group: "pumps" },
      { name: "thermostats", issuer: "root", group: "thermostats" },
    ]);
  });

  it("tells each CA's kind of key and days left", async () => {
    const bench = createBench();
    await bench.run("ca create --algorithm ec-p384 --root-days 100 --intermediate-days 90");
    const described = await cas(bench);
    expect(described.map(({ keyAlgorithm }) => keyAlgorithm)).toEqual(["ec-p384", "ec-p384"]);
    expect(described.map(({ daysLeft }) => daysLeft)).toEqual([99, 89]);
    expect(described[0]).toMatchObject({
      signatureAlgorithm: "ecdsa-with-SHA384",
      pathLength: null,
      generation: 1,
    });
    const forced = await cas(bench, "ca create --force");
    expect(forced.map(({ keyAlgorithm }) => keyAlgorithm)).toEqual(["ec-p384", "ec-p384"]);
  });

  it.each(["0", "9", "x"])("refuses --intermediates %s", async (count) => {
    const bench = createBench();
    const { status } = await bench.run(`ca create --intermediates ${count}`);
    expect([status, existsSync(bench.path("pki"))]).toEqual([2, false]);
  });
});

describe("enroll on a chain of three", () => {
  it("gives the group the lowest CA, and its devices register", async () => {
    const bench = createBench();
    await bench.run("ca create --intermediates 3");
    const outcome = await bench.json("enroll thermostats --devices 1 --register --verify-ca both");
    expect(statusesOf(outcome)).toMatchObject({
      "prove-root": "done",
      "prove-intermediate": "done",
      registrations: "done",
    });
    const certificates = (await bench.json("certificate list")) as { properties: unknown }[];
    expect(certificates).toMatchObject([
      { properties: { subject: expect.stringContaining("Intermediate 3 CA"), isVerified: true } },
      { properties: { subject: expect.stringContaining("Root CA"), isVerified: true } },
    ]);
    const verified = bench.openssl(
      ...["verify", "-x509_strict", "-CAfile", ROOT, "-untrusted", CHAIN],
      "pki/certs/thermostats-001.cert.pem",
    );
    expect(verified).toContain(": OK");
  });

  it("is cleaned up, and the CAs above go on as a chain", async () => {
    const bench = createBench();
    await bench.run("ca create --intermediates 3");
    await bench.run("enroll thermostats --devices 1");
    await bench.run("enroll boilers --devices 1");
    const first = await bench.json("cleanup boilers --yes");
    expect(first).toMatchObject({
      kept: [{ reason: "the group thermostats chains to it" }],
    });
    await bench.run("cleanup thermostats --local --yes");
    expect(readFileSync(bench.path(CHAIN), "utf8").match(/BEGIN/g)).toHaveLength(3);
    const again = await bench.json("enroll thermostats --devices 1 --register");
    expect(statusesOf(again)).toMatchObject({ "intermediate-ca": "done", registrations: "done" });
    expect((await cas(bench)).map(({ name, group }) => [name, group])).toContainEqual([
      "intermediate-2",
      "thermostats",
    ]);
  });

  it("writes the chain file again where somebody deleted it", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    const chain = readFileSync(bench.path(CHAIN), "utf8");
    rmSync(bench.path(CHAIN));
    const dry = await bench.run("enroll thermostats --dry-run");
    expect(dry.stderr).toContain("write the chain file, which is missing");
    const outcome = await bench.json("enroll thermostats");
    expect(statusesOf(outcome)).toMatchObject({ "intermediate-ca": "done" });
    expect(readFileSync(bench.path(CHAIN), "utf8")).toBe(chain);
  });
});

describe("keys under a password", () => {
  it("are made with --password-file, and the warning does not call them unencrypted", async () => {
    const bench = createBench();
    writeFileSync(bench.path("secret"), "correct horse\n");
    const { stderr } = await bench.run("ca create --password-file secret");
    expect(stderr).toContain("for test only");
    expect(stderr).not.toContain("unencrypted");
    for (const key of KEYS) {
      expect(isEncrypted(bench, key)).toBe(true);
      bench.openssl("pkey", "-in", key, "-passin", "file:secret", "-noout");
    }
  });

  it("are made with --encrypt, which asks twice", async () => {
    const bench = createBench();
    const askSecret = vi.fn(() => Promise.resolve("secret"));
    await bench.run("ca create --encrypt", { askSecret });
    expect(askSecret).toHaveBeenCalledTimes(2);
    expect(isEncrypted(bench, KEYS[1] ?? "")).toBe(true);
  });

  it("are not made where the two answers differ, or nobody can answer", async () => {
    const bench = createBench();
    const answers = ["secret", "sekret"];
    const askSecret = () => Promise.resolve(answers.shift());
    const differing = await bench.run("ca create --encrypt", { askSecret });
    const unanswered = await bench.run("ca create --encrypt", {
      askSecret: () => Promise.resolve(undefined),
    });
    const alone = await bench.run("ca create --encrypt");
    expect([differing, unanswered, alone].map(({ status }) => status)).toEqual([2, 2, 2]);
    expect(alone.stderr).toContain("--password-file");
    expect(existsSync(bench.path("pki"))).toBe(false);
  });

  it("let enroll make nothing without the password, or with a wrong one", async () => {
    const bench = createBench();
    await bench.run("ca create --password-env PW", { env: { PW: "secret" } });
    const before = bench.snapshot();
    expect(codeOf(await bench.json("enroll thermostats --devices 1"))).toBe("password-required");
    const wrong = await bench.run("enroll thermostats --password-env PW", {
      env: { PW: "sekret" },
    });
    expect([wrong.status, wrong.stderr]).toEqual([1, expect.not.stringContaining("sekret")]);
    expect(bench.snapshot()).toEqual(before);
    expect(await bench.json("certificate list")).toEqual([]);
    expect(await bench.json("group list")).toEqual([]);
  });

  it("let enroll do it all with one question for each key, and nothing is asked again", async () => {
    const bench = createBench();
    await bench.run("ca create --password-env PW", { env: { PW: "secret" } });
    const askSecret = vi.fn((_question: string) => Promise.resolve("secret"));
    const line = "enroll thermostats --devices 1 --register";
    const { status } = await bench.run(line, { askSecret });
    expect(status).toBe(0);
    expect(askSecret.mock.calls.map(([question]) => question)).toEqual(
      KEYS.map((key) => `Password of ${key}:`),
    );
    expect((await bench.run(line)).stdout).toContain("nothing to do");
    expect((await bench.run("ca show")).status).toBe(0);
    expect((await bench.run("cleanup thermostats --yes")).status).toBe(0);
  });

  it("keep a second group's CA under the same password", async () => {
    const bench = createBench();
    const env = { PW: "secret" };
    await bench.run("enroll thermostats --password-env PW", { env });
    expect(KEYS.map((key) => isEncrypted(bench, key))).toEqual([true, true]);
    await bench.run("enroll boilers", { askSecret: () => Promise.resolve("secret") });
    expect(isEncrypted(bench, "pki/private/boilers.intermediate.key.pem")).toBe(true);
    const device = await bench.run("enroll boilers --devices 1 --password-env PW", { env });
    expect(device.status).toBe(0);
  });
});

describe("ca verification", () => {
  it.each(["root", "intermediate", "intermediate-3"])("signs the code by %s", async (ca) => {
    const bench = createBench();
    await bench.run("ca create --intermediates 3");
    const { status, stdout } = await bench.run(`ca verification ${CODE} --ca ${ca}`);
    expect(status).toBe(0);
    writeFileSync(bench.path("proof.pem"), stdout);
    expect(bench.openssl("x509", "-noout", "-subject", "-in", "proof.pem")).toContain(
      `CN = ${CODE}`,
    );
    const { certificate } = (await cas(bench)).find(({ name }) => name === ca) as never as {
      certificate: string;
    };
    const trust = ["-partial_chain", "-trusted", `pki/${certificate}`];
    expect(bench.openssl("verify", ...trust, "proof.pem")).toContain("proof.pem: OK");
  });

  it("tells as JSON what it signed, and lists it", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const made = (await bench.json(`ca verification ${CODE}`)) as {
      certificate: string;
      serialNumber: string;
    };
    expect(made).toMatchObject({ ca: "root", code: CODE });
    expect(made.certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    const rows = readFileSync(bench.path("pki/index.txt"), "utf8");
    expect(rows).toContain(`\t${made.serialNumber}\tunknown\t/CN=${CODE}`);
  });

  it("writes a file, and overwrites none unless forced", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const line = `ca verification ${CODE} --out proof.pem`;
    expect(await bench.run(line)).toMatchObject({ status: 0, stdout: "" });
    const before = bench.snapshot();
    expect(codeOf(await bench.json(line))).toBe("exists");
    expect(bench.snapshot()).toEqual(before);
    expect((await bench.run(`${line} --force`)).status).toBe(0);
    expect(bench.snapshot()["proof.pem"]).not.toBe(before["proof.pem"]);
    for (const [out, reason] of [
      ["no/such.pem", "its folder is not there"],
      ["pki", "it is a folder"],
    ]) {
      expect(await bench.json(`ca verification ${CODE} --out ${out}`)).toMatchObject({
        error: { code: "not-writable", message: expect.stringContaining(reason ?? "") },
      });
    }
  });

  it.each([
    [`${CODE} --ca line-9`, "not-found"],
    ["x".repeat(65), "invalid-name"],
    [`${CODE} --password-env NONE --ca root`, undefined],
  ])("of %s ends with %s", async (words, code) => {
    const bench = createBench();
    await bench.run("ca create");
    expect(codeOf(await bench.json(`ca verification ${words}`))).toBe(code);
  });

  it("takes the password of an encrypted key", async () => {
    const bench = createBench();
    const env = { PW: "secret" };
    await bench.run("ca create --password-env PW", { env });
    expect(codeOf(await bench.json(`ca verification ${CODE}`))).toBe("password-required");
    expect((await bench.run(`ca verification ${CODE} --password-env PW`, { env })).status).toBe(0);
  });
});
