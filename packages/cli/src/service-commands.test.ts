import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDevice } from "@dps-certs/ca-tools";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishAccess } from "./flow/emulator-access.ts";
import type { Io } from "./io.ts";
import { connectEmulator } from "./target/connection.ts";
import { type Bench, benchIn, type Outcome } from "./testing/bench.ts";

/** One service and one PKI folder for all tests: each uses names of its own. */
let emulator: Emulator;
let bench: Bench;
let withdraw: () => Promise<void>;

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "pki/certs/azure-iot-test-only.intermediate.cert.pem";
const KEY = "pki/private/azure-iot-test-only.intermediate.key.pem";
const CHAIN = "pki/certs/dev-1-full-chain.cert.pem";

beforeAll(async () => {
  bench = benchIn(mkdtempSync(join(tmpdir(), "dps-certs-service-")));
  emulator = await startEmulator({ inMemory: true, retryAfterSeconds: 0 });
  const published = await publishAccess(emulator, undefined);
  withdraw = published.withdraw;
  writeFileSync(bench.path("service.json"), JSON.stringify(published.access), { mode: 0o600 });
  await bench.run("ca create");
  await bench.run("device create dev-1");
});

afterAll(async () => {
  await withdraw();
  await emulator.close();
  rmSync(bench.folder, { recursive: true, force: true });
});

const run = (line: string, io: Partial<Io> = {}): Promise<Outcome> =>
  bench.run(`${line} --target service.json`, io);
const json = (line: string) => bench.json(`${line} --target service.json`);
const codeOf = async (line: string) =>
  ((await json(line)) as { error?: { code: string } }).error?.code;

/** Tells nobody that all is well. */
const openssl = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: bench.folder, stdio: "pipe" });

/** Whether it is accepted, and the codes of what is said. */
async function check(line: string): Promise<(boolean | string)[]> {
  const answer = (await json(`check ${line}`)) as {
    accepted: boolean;
    findings: { code: string }[];
  };
  return [answer.accepted, ...answer.findings.map(({ code }) => code)];
}

async function deviceRegisters(): Promise<boolean> {
  const connection = connectEmulator(emulator, emulator.caPem);
  const client = connection.deviceClient(await loadDevice(bench.path("pki"), "dev-1"));
  try {
    return (await client.register("dev-1")).status === "assigned";
  } catch {
    return false;
  } finally {
    await client.close();
    await connection.close();
  }
}

describe("from a CA to a registered device, by single commands", () => {
  it("is told at each step what is missing, as the service itself sees it", async () => {
    const ask = () => Promise.all([check(`${CHAIN} --group g`), deviceRegisters()]);
    const created = await run("group create g --ca intermediate");
    expect(created).toEqual({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(/cannot register.*\n.*certificate upload root\n.*verify /),
    });
    expect(await ask()).toEqual([[false, "incomplete-chain"], false]);

    expect((await run("certificate upload root --name my-root")).stderr).toContain("unverified");
    expect(await ask()).toEqual([[false, "unverified-ca"], false]);

    expect((await run("certificate verify my-root")).stderr).toContain("my-root   verified");
    expect((await run("certificate verify my-root")).stderr).toContain("= proof of possession");
    expect(await ask()).toEqual([[true], true]);

    await run("group update g --disabled");
    expect((await ask())[0]).toEqual([false, "group-disabled"]);
    expect((await run("group update g --enabled")).stderr).toContain("disabled -> enabled");
    expect(await deviceRegisters()).toBe(true);
    expect(await check(`${CHAIN} --group gone`)).toEqual([false, "group-not-found"]);
  });

  it("shows what registered, and takes it back with questions asked", async () => {
    expect(await json("registration list --group g")).toMatchObject([
      { registrationId: "dev-1", status: "assigned" },
    ]);
    expect(await json("registration list --group g --status failed")).toEqual([]);
    expect((await run("registration show dev-1")).stdout).toMatch(/^id +dev-1\nstatus +assigned\n/);
    expect(await codeOf("certificate delete my-root --yes")).toBe("in-use");
    const unasked = await run("group delete g");
    expect(unasked.stderr).toContain("g   to be deleted   with the registrations of 1 device\n");
    expect(unasked.stderr).toContain("--yes");
    expect(await codeOf("registration delete dev-1 gone --yes")).toBe("not-found");
    expect(await json("registration delete dev-1 --yes")).toEqual([
      { name: "dev-1", deleted: true },
    ]);
    const confirm = (question: string) =>
      Promise.resolve(question === "Delete enrollment group g?");
    expect((await run("group delete g", { confirm })).status).toBe(0);
    expect(await json("certificate delete my-root --yes")).toEqual([
      { name: "my-root", deleted: true },
    ]);
    expect(await codeOf("group show g")).toBe("not-found");
  });
});

describe("group", () => {
  it("is made once, and once more only where it would be another", async () => {
    const line = "group create twice --ca root --reprovision never --edge-enabled";
    expect(await json(line)).toMatchObject({
      enrollmentGroupId: "twice",
      provisioningStatus: "enabled",
      reprovisionPolicy: { updateHubAssignment: false },
      capabilities: { iotEdge: true },
    });
    expect((await run(line)).stderr).toContain("= enrollment group        twice   enabled");
    const other = await run("group create twice --ca intermediate --disabled");
    expect(other.status).toBe(1);
    expect(other.stderr).toContain("primary: CN=dps-certs Test Root CA");
    expect(other.stderr).toContain("dps-certs group update twice");
    expect(await codeOf("group create twice --symmetric-key")).toBe("drift");
  });

  it("is updated in what is given alone, and not written where nothing is", async () => {
    const etag = async () => ((await json("group show part")) as { etag: string }).etag;
    await run(
      "group create part --ca root --iot-hubs a.azure-devices.net --allocation-policy static",
    );
    const first = await etag();
    expect((await run("group update part --enabled")).stderr).toContain("as it is to be");
    expect(await etag()).toBe(first);
    await run(`group update part --secondary-ca ${INTERMEDIATE}`);
    await run('group update part --initial-twin {"tags":{"site":"x"}}');
    const { attestation, ...group } = (await json("group show part")) as Record<string, unknown>;
    expect(group).toMatchObject({
      iotHubs: ["a.azure-devices.net"],
      initialTwin: { tags: { site: "x" } },
    });
    expect(attestation).toMatchObject({
      x509: {
        signingCertificates: {
          primary: { info: { subjectName: "CN=dps-certs Test Root CA" } },
          secondary: { info: { subjectName: "CN=dps-certs Test Intermediate CA" } },
        },
      },
    });
    await run(`group update part --ca ${INTERMEDIATE} --remove-secondary`);
    const { stdout } = await run("group show part");
    expect(stdout).toMatch(/primary +CN=dps-certs Test Intermediate CA/);
    expect(stdout).not.toContain("secondary");
  });

  it("hands over symmetric keys where that is asked for, and nowhere else", async () => {
    const keyOf = async (line: string) =>
      ((await json(line)) as { attestation: { symmetricKey?: { primaryKey: string } } }).attestation
        .symmetricKey?.primaryKey;
    expect(await keyOf("group create keyed --symmetric-key")).toBeUndefined();
    const key = await keyOf("group show keyed --keys");
    expect(Buffer.from(key ?? "", "base64").length).toBe(64);
    const given = Buffer.alloc(32, 7).toString("base64");
    writeFileSync(bench.path("key"), given, { mode: 0o600 });
    expect((await run("group update keyed --secondary-key-file key")).stderr).toContain("a key");
    // The key that was not given is the one from before.
    expect(await keyOf("group show keyed --keys")).toBe(key);
    const shown = await run("group show keyed --keys");
    expect([shown.stdout.includes(given), shown.stderr.includes(given)]).toEqual([true, false]);
    const same = "group create same --primary-key-file key --secondary-key-file key";
    expect((await run(same)).stderr).toContain("✔");
    expect((await run(same)).stderr).toContain("= enrollment group        same");
    await run("group update keyed --disabled");
    expect(await keyOf("group show keyed --keys")).toBe(key);
    expect(await keyOf("group show keyed")).toBeUndefined();
    expect(await codeOf("group show twice --keys")).toBe("not-found");
    expect(await check(`${CHAIN} --group keyed`)).toEqual([
      false,
      "group-not-x509",
      "group-disabled",
    ]);
    expect((await run("group list")).stdout).toMatch(/^keyed +disabled +symmetricKey$/m);
  });

  it("refers to a certificate that is there, verified or not", async () => {
    expect(await codeOf("group create refers --ca-reference gone")).toBe("not-found");
    await run("group delete twice --yes");
    await run("certificate upload root --name referred");
    const created = await run("group create refers --ca-reference referred");
    expect(created.stderr).toContain("dps-certs certificate verify referred");
    // The group of the CA below is nearer.
    expect(await check(`${CHAIN} --group refers`)).toEqual([false, "other-group"]);
    await run("group delete part --yes");
    expect(await check(`${CHAIN} --group refers`)).toEqual([false, "unverified-ca"]);
    await run("certificate upload root --name referred --verified");
    expect(await check(`${CHAIN} --group refers --pki nowhere`)).toEqual([true, "assumed-issuer"]);
    expect(await codeOf("certificate delete referred --yes")).toBe("in-use");
    const forced = await run("certificate delete referred --yes --force");
    expect([forced.status, forced.stderr]).toEqual([0, expect.stringContaining("refers to it")]);
  });

  it.each([
    ["group create x", 2, "say how the devices show who they are"],
    ["group create x --ca root --symmetric-key", 2, "exclude one another"],
    ["group create x --secondary-ca root", 2, "--secondary-ca needs --ca"],
    ["group create x --ca nobody", 1, "it has: root, intermediate"],
    [`group create x --ca ${CHAIN}`, 1, "there are 2 certificates"],
    ["group create x --ca pki/certs/dev-1.cert.pem", 1, "is no CA (CA:FALSE)"],
    [`group create x --ca ${KEY}`, 1, "there is no certificate in"],
    ["group create x! --ca root", 2, "only letters"],
    ["group update x", 2, "say what to change"],
    ["group update x --disabled", 1, "get enrollment group x"],
    ["group update keyed --remove-secondary", 2, "no secondary CA"],
    ["group update keyed --secondary-ca root", 2, "give it with --ca"],
    ["group delete", 2, "<id...> is missing"],
    ["group delete a/b", 2, "only letters"],
    ["registration list", 2, "--group"],
    ["registration list --group nobody", 1, "list registrations"],
    ["certificate upload root --name a/b", 2, "1 to 64 characters"],
    ["certificate upload nobody", 1, "no such file"],
    ["certificate verify x --code-only --with f", 2, "--code-only and --with exclude"],
    ["certificate show .", 1, "1 to 64 characters"],
    [`check ${CHAIN} --group a/b`, 2, "--group"],
    [`check ${CHAIN} --group g --individual`, 2, "--group and --individual exclude"],
  ])("fails on %j with status %i", async (line, status, words) => {
    expect(await run(line)).toEqual({ status, stdout: "", stderr: expect.stringContaining(words) });
  });
});

describe("proof of possession", () => {
  const isVerified = async (name: string) =>
    ((await json(`certificate show ${name}`)) as { properties: { isVerified: boolean } }).properties
      .isVerified;

  it("comes in two halves where the key is elsewhere", async () => {
    await run(`certificate upload ${ROOT} --name halves`);
    const { stdout } = await run("certificate verify halves --code-only --quiet");
    const code = stdout.trim();
    expect(code).toMatch(/^[0-9A-F]{48}$/);
    const key = "pki/private/azure-iot-test-only.root.ca.key.pem";
    openssl(
      ...["req", "-new", "-subj", `/CN=${code}`, "-newkey", "ec", "-nodes"],
      ...["-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "proof.key", "-out", "proof.csr"],
    );
    openssl(
      ...["x509", "-req", "-in", "proof.csr", "-CA", ROOT, "-CAkey", key],
      ...["-days", "1", "-out", "proof.pem"],
    );
    expect(await codeOf(`certificate verify halves --with ${INTERMEDIATE}`)).toBeDefined();
    expect(await isVerified("halves")).toBe(false);
    expect((await run("certificate verify halves --with proof.pem")).status).toBe(0);
    expect(await isVerified("halves")).toBe(true);
  });

  it("takes a key in a file, encrypted or not, whose certificate the service tells", async () => {
    await run("certificate upload intermediate --name filed");
    expect(await codeOf("certificate verify filed --pki nowhere")).toBe("not-found");
    const wrong = `certificate verify filed --ca-key pki/private/dev-1.key.pem --pki nowhere`;
    expect(await codeOf(wrong)).toBe("key-mismatch");
    expect(await codeOf(`certificate verify filed --ca ${ROOT} --ca-key ${KEY}`)).toBe("drift");
    const issued = readFileSync(bench.path("pki/index.txt"), "utf8");
    writeFileSync(bench.path("pw"), "secret\n", { mode: 0o600 });
    openssl("pkey", "-in", KEY, "-aes256", "-out", "ca.key", "-passout", "file:pw");
    const line = "certificate verify filed --ca-key ca.key --pki nowhere";
    expect(await codeOf(line)).toBe("password-required");
    expect(await isVerified("filed")).toBe(false);
    expect((await run(`${line} --ca-password-file pw`)).status).toBe(0);
    expect(await isVerified("filed")).toBe(true);
    expect(readFileSync(bench.path("pki/index.txt"), "utf8")).toBe(issued);
  });
});
