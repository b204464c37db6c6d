import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { assignments } from "./flow/shell-quoting.ts";
import { type Bench, createBench } from "./testing/bench.ts";

/** What a shell has in its environment after it read the lines. */
function readBack(shell: "sh" | "fish", text: string): Record<string, string> {
  const print = `${JSON.stringify(process.execPath)} -p 'JSON.stringify(process.env)'`;
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" };
  const output = execFileSync(shell, ["-c", `${text}\n${print}`], { env, encoding: "utf8" });
  return JSON.parse(output) as Record<string, string>;
}

const HOSTILE = [
  "plain",
  'it\'s "quoted"',
  "$HOME `id` $(id) \\ \\' ! # ; & | * ? ~ %PATH% {a,b}",
  "two\nlines\n",
  "\r\n\ttabs",
  "'",
  "''\\''",
  "ü 🔥 \u2019",
  "-n",
  "",
];

describe("assignments", () => {
  it.each(["sh", "fish"] as const)("are read back by %s, whatever the values", (shell) => {
    if (shell === "fish" && !hasFish()) return;
    const values = Object.fromEntries(HOSTILE.map((value, n) => [`V${n}`, value]));
    expect(readBack(shell, assignments(shell, values))).toMatchObject(values);
  });

  property.prop([fc.array(fc.string({ unit: "grapheme" }), { maxLength: 60, minLength: 30 })], {
    numRuns: 3,
  })("are read back by sh, whatever the text", (texts) => {
    const values = Object.fromEntries(texts.map((text, n) => [`V${n}`, text.replaceAll("\0", "")]));
    expect(readBack("sh", assignments("sh", values))).toMatchObject(values);
  });

  it("double the quotes that PowerShell would end a text at", () => {
    expect(assignments("powershell", { A: "it's ‘x’\n$b" })).toBe("$env:A = 'it''s ‘‘x’’\n$b'\n");
  });

  it("double the percent signs of a batch file, and refuse what cmd cannot hold", () => {
    expect(assignments("cmd", { A: "C:\\a%3Ab & c" })).toBe('set "A=C:\\a%%3Ab & c"\r\n');
    for (const value of ["two\nlines", 'a "b"']) {
      expect(() => assignments("cmd", { A: value })).toThrow(
        expect.objectContaining({ code: "usage", hint: "use --shell powershell" }),
      );
    }
  });
});

function hasFish(): boolean {
  try {
    execFileSync("fish", ["-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function withDevice(options = ""): Promise<Bench> {
  const bench = createBench();
  await bench.run("ca create");
  await bench.run(`device create dev:1 ${options}`);
  return bench;
}

describe("device env --hub", () => {
  it("gives what a hub's client needs, the whole chain and the key as text", async () => {
    const bench = await withDevice();
    const variables = readBack("sh", (await bench.run("device env dev:1 --hub my-hub")).stdout);
    expect(variables).toMatchObject({
      IOTHUB_CA_CONNECTION_STRING_TO_DEVICE:
        "HostName=my-hub.azure-devices.net;DeviceId=dev:1;x509=true",
      IOTHUB_CA_USE_ECC: "1",
      IOTHUB_CA_X509_PRIVATE_KEY: readFileSync(bench.path("pki/private/dev%3A1.key.pem"), "utf8"),
    });
    writeFileSync(bench.path("chain.pem"), variables.IOTHUB_CA_X509_PUBLIC ?? "");
    const root = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
    const verify = ["verify", "-x509_strict", "-CAfile", root, "-untrusted", "chain.pem"];
    expect(bench.openssl(...verify, "chain.pem")).toBe("chain.pem: OK\n");
    expect(variables.IOTHUB_CA_X509_PUBLIC).toContain(readFileSync(bench.path(root), "utf8"));
    expect(variables.IOTHUB_CA_X509_PUBLIC?.match(/BEGIN/g)).toHaveLength(3);
  });

  it("takes a host for what it is, says when a key is RSA, and gives the same as JSON", async () => {
    const bench = await withDevice("--algorithm rsa-2048");
    const variables = await bench.json("device env dev:1 --hub hub.example.cn");
    expect(variables).toMatchObject({
      IOTHUB_CA_CONNECTION_STRING_TO_DEVICE: "HostName=hub.example.cn;DeviceId=dev:1;x509=true",
      IOTHUB_CA_USE_ECC: "0",
    });
    expect(Object.keys(variables as object)).toHaveLength(4);
  });

  it("opens an encrypted key", async () => {
    const env = { KEY: "key-secret" };
    const bench = createBench();
    await bench.run("ca create");
    await bench.run("device create a --key-password-env KEY", { env });
    const locked = await bench.json("device env a --hub h");
    expect(locked).toMatchObject({ error: { code: "password-required" } });
    const open = await bench.run("device env a --hub h --key-password-env KEY", { env });
    expect(readBack("sh", open.stdout).IOTHUB_CA_X509_PRIVATE_KEY).toMatch(/BEGIN PRIVATE KEY/);
  });

  it("goes without the root where its CA is gone, and says so", async () => {
    const bench = await withDevice();
    await bench.run("ca create --force");
    const { status, stdout, stderr } = await bench.run("device env dev:1 --hub h");
    expect([status, stderr]).toEqual([0, expect.stringContaining("without the root")]);
    expect(readBack("sh", stdout).IOTHUB_CA_X509_PUBLIC?.match(/BEGIN/g)).toHaveLength(2);
  });

  it.each([
    ["device env nobody --hub h", 1, "there is no device nobody"],
    ["device env gw.ca --hub h", 2, "edge ca"],
    ["device env dev:1 --hub a;b", 2, "--hub takes"],
    ["device env dev:1 --hub https://h.example", 2, "--hub takes"],
    ["device env dev:1 --hub h --shell cmd", 2, "--shell powershell"],
    ["device env dev:1 --shell tcsh", 2, "--shell takes"],
  ])("%s: exit status %i, says %s", async (line, status, words) => {
    const bench = await withDevice();
    await bench.run("device create gw --edge ca");
    const outcome = await bench.run(line);
    expect([outcome.status, outcome.stderr]).toEqual([status, expect.stringContaining(words)]);
    expect(outcome.stdout).toBe("");
  });
});

describe("device env", () => {
  it("gives what the provisioning samples read: an address, and files by their paths", async () => {
    const bench = await withDevice();
    const none = await bench.json("device env dev:1");
    expect(none).toMatchObject({ error: { code: "target", message: /no emulator is serving/ } });
    const running = bench.start(["emulator", "start", "--json"]);
    const access = JSON.parse(await running.firstLine) as Record<string, string>;
    const { stdout, stderr } = await bench.run("device env dev:1");
    const file = bench.path("pki/certs/dev%3A1-full-chain.cert.pem");
    const key = bench.path("pki/private/dev%3A1.key.pem");
    expect(readBack("sh", stdout)).toMatchObject({
      PROVISIONING_HOST: access.deviceHost,
      PROVISIONING_IDSCOPE: access.idScope,
      PROVISIONING_REGISTRATION_ID: "dev:1",
      CERTIFICATE_FILE: file,
      KEY_FILE: key,
      DPS_X509_REGISTRATION_ID: "dev:1",
      X509_CERT_FILE: file,
      X509_KEY_FILE: key,
    });
    expect(stdout).not.toContain("PRIVATE KEY");
    expect(stderr).toContain(String(access.caFile));
    const byUrl = await bench.run(`device env dev:1 --target ${access.url}`, {
      env: { DPS_EMULATOR_CA: String(access.caFile) },
    });
    expect(byUrl.stdout).toBe(stdout);
    running.child.kill("SIGTERM");
    await running.ended;
  });

  it("leaves the password of a key to the user", async () => {
    const env = { KEY: "key-secret" };
    const bench = createBench();
    await bench.run("ca create");
    await bench.run("device create a --key-password-env KEY", { env });
    const running = bench.start(["emulator", "start", "--json"]);
    await running.firstLine;
    const { stdout, stderr } = await bench.run("device env a");
    expect(stderr).toContain("set PASS_PHRASE yourself");
    expect(stdout).not.toContain("PASS_PHRASE");
    running.child.kill("SIGTERM");
    await running.ended;
  });
});
