import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Inspected } from "@dps-certs/ca-tools";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { inspectText } from "./flow/inspect-text.ts";
import { type Bench, benchIn } from "./testing/bench.ts";
import { inDays, odd, selfSigned } from "./testing/issuing.ts";

const LEAF = "pki/certs/dev-1.cert.pem";
const CHAIN = "pki/certs/dev-1-full-chain.cert.pem";
const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const KEY = "pki/private/dev-1.key.pem";

/** With a chain and a device in `pki`, which the tests leave as it is. */
let bench: Bench;

beforeAll(async () => {
  bench = benchIn(mkdtempSync(join(tmpdir(), "dps-certs-inspect-")));
  await bench.run("ca create");
  await bench.run("device create dev-1");
});

afterAll(() => rmSync(bench.folder, { recursive: true, force: true }));

const inspectJson = async (line: string) => (await bench.json(`inspect ${line}`)) as Inspected[];

describe("inspect", () => {
  it("draws several files as one tree, from the root to the leaf and its key", async () => {
    const { status, stdout, stderr } = await bench.run(`inspect ${KEY} ${CHAIN} ${ROOT} ${LEAF}`);
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n");
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(lines[0]).toBe("CN=dps-certs Test Root CA   root");
    expect(lines[at("   intermediate")]).toBe(
      "└─ CN=dps-certs Test Intermediate CA   intermediate",
    );
    expect(lines[at("   device")]).toBe("   └─ CN=dev-1   device");
    const leaf = lines.slice(at("   device"));
    expect(leaf.filter((line) => / (in|private) /.test(line)).map((line) => line.trim())).toEqual([
      `in       ${CHAIN}`,
      `in       ${LEAF}`,
      `private  ${KEY}`,
    ]);
    expect(stdout).toMatch(/valid {4}\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, 29 days left\n/);
    // SHA-256 stands before SHA-1.
    expect(at("SHA-256")).toBeLessThan(at("SHA-1 "));
    expect(stdout).not.toContain("\u001b");
  });

  it("gives the same as a JSON array", async () => {
    const found = await inspectJson(`${LEAF} ${KEY}`);
    const sha256 = bench
      .openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", LEAF)
      .replace(/.*=|:|\n/g, "");
    expect(found).toMatchObject([
      { kind: "certificate", file: LEAF, sha256, role: "device" },
      { kind: "private-key", file: KEY, encrypted: false, belongsTo: [sha256] },
    ]);
    const secret = readFileSync(bench.path(KEY), "utf8").split("\n")[1];
    expect(JSON.stringify(found)).not.toContain(secret);
  });

  it("says whose key it is, and what is not here", async () => {
    const { stdout } = await bench.run(
      `inspect ${LEAF} pki/private/azure-iot-test-only.root.ca.key.pem`,
    );
    expect(stdout).toContain("issuer   CN=dps-certs Test Intermediate CA (not here)");
    expect(stdout).toContain("no certificate that is shown here");
  });

  it("opens a PFX and an encrypted key with the password, and says when it is the wrong one", async () => {
    writeFileSync(bench.path("right"), "correct horse\n");
    writeFileSync(bench.path("wrong"), "no\n");
    bench.openssl(
      ...["pkcs12", "-export", "-in", CHAIN, "-inkey", KEY, "-out", "dev.pfx"],
      ...["-passout", "file:right"],
    );
    bench.openssl("pkey", "-in", KEY, "-aes256", "-out", "dev.key", "-passout", "file:right");
    const closed = await bench.run("inspect dev.pfx dev.key");
    expect(closed.status).toBe(0);
    expect(closed.stdout).toContain("--password-file or --password-env opens it");
    expect(closed.stdout).toContain("unknown until it is opened, encrypted");
    const opened = await bench.run("inspect dev.pfx dev.key --password-file right");
    expect(opened.status).toBe(0);
    expect(opened.stdout).toContain("1 private key and 2 certificates");
    expect(opened.stdout).toContain("private  dev.key, encrypted");
    const wrong = await bench.run("inspect dev.pfx dev.key --password-file wrong --json");
    expect(wrong.status).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject([
      { kind: "pfx", opened: false, error: { code: "wrong-password" } },
      { kind: "private-key", encrypted: true, error: { code: "wrong-password" } },
    ]);
    const asked = await bench.run("inspect dev.pfx", {
      askSecret: () => Promise.resolve("correct horse"),
    });
    expect(asked.stdout).toContain("CN=dev-1   device");
  });

  it.each([
    ["empty", "", "is empty"],
    ["zeros", "\0".repeat(99), "zero bytes"],
    ["10 MB", "x".repeat(10_000_000), "larger than 1024 KiB"],
    ["cut off", "-----BEGIN CERTIFICATE-----\nMIIB", "its END line is missing"],
  ])("tells of a file that is %s, and fails", async (_what, content, words) => {
    writeFileSync(bench.path("x"), content);
    const { status, stdout } = await bench.run("inspect x");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^✖ unknown {3}x/);
    expect(stdout).toContain(words);
  });

  it("shows what is good beside what is damaged, and fails", async () => {
    const good = readFileSync(bench.path(LEAF), "utf8");
    writeFileSync(bench.path("mixed.pem"), `${good.slice(0, 200)}\n${good}`);
    const { status, stdout } = await bench.run("inspect mixed.pem");
    expect(status).toBe(1);
    expect(stdout).toContain("CN=dev-1   device");
    expect(stdout).toContain("✖ unknown   mixed.pem");
  });

  it.each([
    ["inspect nope", "not-found", "is not there"],
    ["inspect pki", "not-writable", "ca show"],
  ])("refuses %j as a whole", async (line, code, words) => {
    const { status, stderr } = await bench.run(line);
    expect([status, stderr]).toEqual([1, expect.stringContaining(words)]);
    expect(await bench.json(line)).toMatchObject({ error: { code } });
  });

  it("reads standard input where - is named", async () => {
    const input = Readable.from([readFileSync(bench.path(LEAF))]);
    vi.spyOn(process, "stdin", "get").mockReturnValue(input as never);
    const { status, stdout } = await bench.run("inspect -");
    expect([status, stdout]).toEqual([0, expect.stringContaining("in       standard input")]);
  });

  it("lets no name steer the terminal", async () => {
    const lines = ["basicConstraints=CA:TRUE", "subjectKeyIdentifier=hash"];
    const issuer = odd({ subject: "/CN=evil\u001b[2Jissuer", lines });
    writeFileSync(bench.path("y"), odd({ issuer }).certificate.pem);
    const below = (await bench.run("inspect y")).stdout;
    expect(below).toContain("issuer   CN=evil");
    expect(below.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    const { certificate } = odd({ subject: "/CN=a\u001b[2Jb\u202ec\nd", lines: [] });
    writeFileSync(bench.path("x"), certificate.pem);
    const { stdout } = await bench.run("inspect x");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout.split("\n")[0]).toMatch(/^CN=a.+self-signed$/);
  });
});

describe("on a terminal", () => {
  const text = async (days: number, colour = true) => {
    const { certificate } = await selfSigned("Root", { notAfter: inDays(days) });
    const found: Inspected = {
      kind: "crl",
      issuer: "CN=Root",
      thisUpdate: inDays(-100).toISOString(),
      nextUpdate: certificate.notAfter.toISOString(),
      signatureAlgorithm: "ecdsa-with-SHA256",
      count: 7,
      entries: [{ serialNumber: "0A", at: "2026-01-02T03:04:05.000Z", reason: "superseded" }],
    };
    return inspectText([found], { now: inDays(0), colour });
  };

  it("shows in red what is over, and in yellow what ends within thirty days", async () => {
    expect(await text(-0.5)).toContain("\u001b[31mexpired");
    expect(await text(29)).toContain("\u001b[33m29 days left");
    expect(await text(31)).not.toContain("\u001b[33m");
    expect(await text(29, false)).not.toContain("\u001b");
  });

  it("shows the first entries of a CRL, and how many more there are", async () => {
    const shown = await text(31, false);
    expect(shown).toContain("revoked  0A, 2026-01-02, superseded");
    expect(shown).toContain("and 6 more");
  });
});
