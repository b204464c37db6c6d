import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const ROOT_KEY = "pki/private/azure-iot-test-only.root.ca.key.pem";
const CA = "basicConstraints=critical,CA:TRUE";
const COMMON = [
  "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
  "subjectKeyIdentifier=hash",
];

const codeOf = (answer: unknown) => (answer as { error?: { code: string } }).error?.code;
const statusesOf = (outcome: unknown) =>
  Object.fromEntries(
    (outcome as { steps: { id: string; status: string }[] }).steps.map(({ id, status }) => [
      id,
      status,
    ]),
  );

/** Each kind is made once: openssl is a process for each file. */
const templates = new Map<string, string>();
afterAll(() => {
  for (const folder of templates.values()) rmSync(folder, { recursive: true });
});

/** A company's CAs, made by openssl: `root`, and `ca` below it with the constraints. */
function corporate(bench: Bench, constraints: string = CA, days = "100"): void {
  const kind = `${constraints} ${days}`;
  const folder = templates.get(kind) ?? mkdtempSync(join(tmpdir(), "dps-certs-test-"));
  if (!templates.has(kind)) makeCorporate(folder, constraints, days);
  templates.set(kind, folder);
  cpSync(folder, bench.folder, { recursive: true });
}

function makeCorporate(folder: string, constraints: string, days: string): void {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const dn = "[req]\ndistinguished_name=dn\n[dn]\n[v3]\n";
  writeFileSync(at("root.cnf"), `${dn}${[CA, ...COMMON].join("\n")}\n`);
  const issuer = "authorityKeyIdentifier=keyid";
  writeFileSync(at("ca.cnf"), `${dn}${[constraints, ...COMMON, issuer].join("\n")}\n`);
  const root = ["-keyout", "root.key", "-out", "root.pem", "-extensions", "v3", "-days", "200"];
  openssl("req", "-x509", ...key, "-subj", "/O=Corp/CN=Corp Root", "-config", "root.cnf", ...root);
  const request = ["-keyout", "ca.key", "-out", "ca.csr", "-config", "ca.cnf"];
  openssl("req", "-new", ...key, "-subj", "/O=Corp/CN=Corp Issuing CA", ...request);
  const signer = ["-CA", "root.pem", "-CAkey", "root.key", "-days", days];
  const ext = ["-extfile", "ca.cnf", "-extensions", "v3", "-out", "ca.pem"];
  openssl("x509", "-req", "-in", "ca.csr", ...signer, ...ext);
  writeFileSync(at("secret"), "correct horse\n");
  for (const name of ["root", "ca"]) {
    chmodSync(at(`${name}.key`), 0o600);
    const out = ["-topk8", "-out", `${name}.enc`, "-passout", "file:secret"];
    openssl("pkcs8", "-in", `${name}.key`, ...out);
  }
  const pfx = ["-inkey", "ca.key", "-certfile", "root.pem", "-out", "ca.pfx"];
  openssl("pkcs12", "-export", "-in", "ca.pem", ...pfx, "-passout", "file:secret");
}

function withCorporate(constraints?: string, days?: string): Bench {
  const bench = createBench();
  corporate(bench, constraints, days);
  return bench;
}

describe("ca import", () => {
  it("makes a self-signed CA the root, says that its key lies open, and is done the second time", async () => {
    const bench = withCorporate();
    const line = "ca import --ca root.pem --ca-key root.key";
    const { status, stderr } = await bench.run(line);
    expect([status, stderr]).toEqual([0, expect.stringContaining("lies unencrypted")]);
    expect(await bench.json("ca show")).toMatchObject([
      { name: "root", issuer: null, subject: "O=Corp, CN=Corp Root" },
    ]);
    const before = bench.snapshot();
    expect((await bench.run(line)).stderr).toContain("= own CA");
    expect(bench.snapshot()).toEqual(before);
  });

  it("keeps an encrypted key encrypted, under the password that it had", async () => {
    const bench = withCorporate();
    const line = "ca import --ca ca.pem --ca-key ca.enc";
    expect(codeOf(await bench.json(line))).toBe("password-required");
    const { stderr } = await bench.run(`${line} --ca-password-file secret`);
    expect(stderr).not.toContain("unencrypted");
    expect(readFileSync(bench.path(ROOT_KEY), "utf8")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
    bench.openssl("pkey", "-in", ROOT_KEY, "-passin", "file:secret", "-noout");
  });

  it("encrypts an open key when it is asked to", async () => {
    const bench = withCorporate();
    const line = "ca import --ca ca.pem --ca-key ca.key --password-file secret";
    expect((await bench.run(line)).status).toBe(0);
    bench.openssl("pkey", "-in", ROOT_KEY, "-passin", "file:secret", "-noout");
  });

  it("reads a PFX, and says that it leaves out what is above the CA", async () => {
    const bench = withCorporate();
    const { stderr, status } = await bench.run("ca import --pfx ca.pfx --ca-password-file secret");
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining("1 certificate above it left out"),
    ]);
    const [ca] = (await bench.json("ca show")) as { subject: string }[];
    expect(ca?.subject).toBe("O=Corp, CN=Corp Issuing CA");
  });

  it("says that a key which was there before stays unencrypted, and how to encrypt it", async () => {
    const bench = withCorporate();
    const line = "ca import --ca root.pem --ca-key root.key";
    await bench.run(line);
    const { stderr } = await bench.run(`${line} --password-file secret`);
    const command = /stays unencrypted; encrypt it with: (.*)$/m.exec(stderr)?.[1] ?? "false";
    const run = command.replace("-topk8", "-topk8 -passout file:secret");
    execFileSync("sh", ["-c", run], { cwd: bench.folder, stdio: "pipe" });
    expect(statSync(bench.path(ROOT_KEY)).mode & 0o777).toBe(0o600);
    expect((await bench.run(`${line} --password-file secret`)).stderr).not.toContain("unencrypted");
    expect((await bench.run("enroll thermostats --password-file secret")).status).toBe(0);
  });

  it("warns of a key that others can read", async () => {
    const bench = withCorporate();
    chmodSync(bench.path("ca.key"), 0o644);
    const { stderr } = await bench.run("ca import --ca ca.pem --ca-key ca.key");
    expect(stderr).toContain("ca.key holds a private key and has mode 0644");
  });

  it("replaces another chain only when forced, and keeps that", async () => {
    const bench = withCorporate();
    await bench.run("ca create");
    const before = bench.snapshot();
    expect(codeOf(await bench.json("ca import --ca ca.pem --ca-key ca.key"))).toBe("exists");
    expect(bench.snapshot()).toEqual(before);
    const { stderr } = await bench.run("ca import --ca ca.pem --ca-key ca.key --force");
    expect(stderr).toMatch(/replaced 2 CAs, kept in pki\/old-/);
  });

  it.each([
    ["--ca ca.pem --ca-key root.key", "key-mismatch"],
    ["--ca ca.pem", "not-found"],
    ["--ca none.pem --ca-key ca.key", "not-found"],
    ["--ca-key ca.key", "usage"],
    ["--pfx ca.pfx --ca-key ca.key", "usage"],
    ["--ca ca.pem --ca-key ca.pfx", "invalid-key"],
  ])("of %s ends with %s, and makes nothing", async (words, code) => {
    const bench = withCorporate();
    expect(codeOf(await bench.json(`ca import ${words}`))).toBe(code);
    expect(existsSync(bench.path("pki"))).toBe(false);
  });

  it("ends well in each of several processes that import the same CA at once", async () => {
    const bench = withCorporate();
    const args = ["ca", "import", "--ca", "ca.pem", "--ca-key", "ca.key"];
    const outcomes = await Promise.all([bench.start(args).ended, bench.start(args).ended]);
    expect(outcomes.map(({ status, stderr }) => [status, status === 0 ? "" : stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(await bench.json("ca show")).toHaveLength(1);
  });
});

describe("enroll --ca", () => {
  const line = "enroll thermostats --ca ca.pem --ca-key ca.key --devices 1 --register";

  it("proves possession of an imported intermediate, and devices register below it", async () => {
    const bench = withCorporate();
    expect(statusesOf(await bench.json(line))).toMatchObject({
      "root-ca": "done",
      "intermediate-ca": "done",
      "prove-root": "done",
      registrations: "done",
    });
    expect(await bench.json("certificate list")).toMatchObject([
      { properties: { isVerified: true, subject: expect.stringContaining("Corp Issuing CA") } },
    ]);
    const trust = [
      "-CAfile",
      "root.pem",
      "-untrusted",
      "pki/certs/thermostats-001-full-chain.cert.pem",
    ];
    const verified = bench.openssl("verify", ...trust, "pki/certs/thermostats-001.cert.pem");
    expect(verified).toContain(": OK");
    const before = bench.snapshot();
    expect((await bench.run(line)).stdout).toContain("nothing to do");
    expect((await bench.run("enroll thermostats")).stdout).toContain("nothing to do");
    expect(bench.snapshot()).toEqual(before);
  });

  it("has a CA that allows none below it sign the devices itself, for one group", async () => {
    const bench = withCorporate(`${CA},pathlen:0`);
    expect(statusesOf(await bench.json(`${line} --verify-ca both`))).toMatchObject({
      "root-ca": "done",
      "intermediate-ca": "done",
      registrations: "done",
    });
    expect(await bench.json("ca show")).toMatchObject([{ group: "thermostats", pathLength: 0 }]);
    const [group] = (await bench.json("group list")) as {
      attestation: {
        x509: { signingCertificates: { primary: { info: { subjectName: string } } } };
      };
    }[];
    const { primary } = group?.attestation.x509.signingCertificates ?? {};
    expect(primary?.info.subjectName).toContain("Corp Issuing CA");
    expect((await bench.run(line)).stdout).toContain("nothing to do");
    const second = await bench.json("enroll boilers");
    expect(codeOf(second)).toBe("not-a-ca");
    await bench.run("cleanup thermostats --local --yes");
    expect(await bench.json("ca show")).toMatchObject([{ name: "root", group: null }]);
    expect(await bench.json("device list")).toEqual([]);
    expect(statusesOf(await bench.json("enroll boilers --devices 1 --register"))).toMatchObject({
      registrations: "done",
    });
  });

  it("takes an encrypted key with its password, keeps it so, and needs none when all is done", async () => {
    const bench = withCorporate();
    const encrypted = line.replace("ca.key", "ca.enc");
    const refused = await bench.json(encrypted);
    expect(codeOf(refused)).toBe("password-required");
    expect([existsSync(bench.path("pki")), existsSync(bench.path(".dps-certs"))]).toEqual([
      false,
      false,
    ]);
    const outcome = await bench.json(`${encrypted} --ca-password-file secret`);
    expect(statusesOf(outcome)).toMatchObject({ registrations: "done" });
    for (const key of [ROOT_KEY, "pki/private/azure-iot-test-only.intermediate.key.pem"]) {
      bench.openssl("pkey", "-in", key, "-passin", "file:secret", "-noout");
      expect(readFileSync(bench.path(key), "utf8")).toContain("BEGIN ENCRYPTED");
    }
    expect((await bench.run(encrypted)).stdout).toContain("nothing to do");
    const more = `${encrypted} --devices 2 --ca-password-file secret`.replace("--devices 1 ", "");
    expect(statusesOf(await bench.json(more))).toMatchObject({ devices: "done" });
  });

  it("stops where the folder has another CA, also one that is above this", async () => {
    const bench = withCorporate();
    await bench.run("ca import --ca root.pem --ca-key root.key");
    const bundle =
      readFileSync(bench.path("ca.pem"), "utf8") + readFileSync(bench.path("root.pem"));
    writeFileSync(bench.path("bundle.pem"), bundle);
    const before = bench.snapshot();
    const answer = await bench.json(line.replace("ca.pem", "bundle.pem"));
    expect(codeOf(answer)).toBe("drift");
    expect(bench.snapshot()).toEqual(before);
    const { hint } = (answer as { error: { hint: string } }).error;
    const command = /with: dps-certs (.*)$/.exec(hint)?.[1] ?? "";
    expect((await bench.run(command)).status).toBe(0);
    expect((await bench.run(line)).status).toBe(0);
  });

  it.each([
    ["no CA", "basicConstraints=CA:FALSE", "100", "not-a-ca"],
    ["an expired CA", CA, "-1", "outside-validity"],
  ])("refuses %s before anything is made", async (_, constraints, days, code) => {
    const bench = withCorporate(constraints, days);
    expect(codeOf(await bench.json(line))).toBe(code);
    expect([existsSync(bench.path("pki")), existsSync(bench.path(".dps-certs"))]).toEqual([
      false,
      false,
    ]);
  });

  it.each([["--ca-key ca.key"], ["--ca-password-file secret"], ["--ca-password-env HOME"]])(
    "is what %s is for",
    async (option) => {
      const bench = withCorporate();
      expect(codeOf(await bench.json(`enroll thermostats ${option}`))).toBe("usage");
      expect(existsSync(bench.path("pki"))).toBe(false);
    },
  );

  it("only says what it would do with --dry-run", async () => {
    const bench = withCorporate();
    const { stderr, status } = await bench.run(`${line} --dry-run`);
    expect([status, stderr]).toEqual([0, expect.stringContaining("import ca.pem")]);
    expect(stderr).toMatch(/upload O=Corp, CN=Corp Issuing CA as Corp-Issuing-CA-/);
    expect(stderr).toContain("create CN=thermostats Intermediate CA");
    expect(existsSync(bench.path("pki"))).toBe(false);
  });

  it("says with --dry-run where the CA is to sign the devices itself", async () => {
    const bench = withCorporate(`${CA},pathlen:0`);
    const { stderr } = await bench.run(`${line} --verify-ca intermediate --dry-run`);
    expect(stderr).toContain("use O=Corp, CN=Corp Issuing CA itself");
    expect(stderr).toContain("upload O=Corp, CN=Corp Issuing CA as");
    expect(stderr).not.toContain("Intermediate CA ");
  });
});

/** A folder as the original script leaves it: no list of CAs, keys under the password 1234. */
function scriptFolder(bench: Bench): void {
  corporate(bench);
  for (const name of ["certs", "private", "newcerts", "csr"]) {
    mkdirSync(bench.path("pki", name), { recursive: true });
  }
  writeFileSync(bench.path("secret"), "1234\n");
  const place = (from: string, to: string) => {
    const pem = bench.openssl("x509", "-in", `${from}.pem`);
    writeFileSync(bench.path("pki/certs", `azure-iot-test-only.${to}.cert.pem`), pem);
    const key = `pki/private/azure-iot-test-only.${to}.key.pem`;
    const out = ["-out", key, "-passout", "file:secret"];
    bench.openssl("pkcs8", "-topk8", "-in", `${from}.key`, ...out);
  };
  place("root", "root.ca");
  place("ca", "intermediate");
  writeFileSync(bench.path("pki/serial"), "03\n");
  writeFileSync(bench.path("pki/index.txt.attr"), "unique_subject = yes\n");
  const serial = bench.openssl("x509", "-noout", "-serial", "-in", "ca.pem").replace("serial=", "");
  const row = `V\t370101000000Z\t\t${serial.trim()}\tunknown\t/O=Corp/CN=Corp Issuing CA\n`;
  writeFileSync(bench.path("pki/index.txt"), row);
}

describe("in a folder that the original script began", () => {
  it("enroll goes on with its CAs, and asks for no password", async () => {
    const bench = createBench();
    scriptFolder(bench);
    const keys = [ROOT_KEY, ROOT].map((path) => readFileSync(bench.path(path)));
    const outcome = await bench.json("enroll thermostats --devices 1 --register");
    expect(statusesOf(outcome)).toMatchObject({
      "root-ca": "already",
      "intermediate-ca": "done",
      "prove-root": "done",
      registrations: "done",
    });
    expect([ROOT_KEY, ROOT].map((path) => readFileSync(bench.path(path)))).toEqual(keys);
    expect(readFileSync(bench.path("pki/serial"), "utf8")).toBe("03\n");
    expect(await bench.json("ca show")).toMatchObject([
      { name: "root" },
      { name: "intermediate", group: "thermostats", subject: "O=Corp, CN=Corp Issuing CA" },
    ]);
    const second = await bench.json("enroll boilers --devices 1 --register");
    expect(statusesOf(second)).toMatchObject({ registrations: "done" });
    const own = "pki/private/boilers.intermediate.key.pem";
    bench.openssl("pkey", "-in", own, "-passin", "file:secret", "-noout");
    expect((await bench.run("enroll thermostats")).stdout).toContain("nothing to do");
  });
});
