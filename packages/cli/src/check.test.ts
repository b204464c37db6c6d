import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  exportPrivateKeyPem,
  type Issuer,
  loadCa,
  openPki,
  type Registry,
} from "@dps-certs/ca-tools";
import { startEmulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connectEmulator } from "./target/connection.ts";
import { type Bench, benchIn, createBench } from "./testing/bench.ts";
import { inDays, issued, odd, selfSigned } from "./testing/issuing.ts";

const LEAF = "pki/certs/dev-1.cert.pem";
const CHAIN = "pki/certs/dev-1-full-chain.cert.pem";
const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "pki/certs/azure-iot-test-only.intermediate.cert.pem";
const KEY = "pki/private/dev-1.key.pem";

/** With a chain and a device; for tests that leave its `pki` as it is. */
let bench: Bench;

beforeAll(async () => {
  bench = benchIn(mkdtempSync(join(tmpdir(), "dps-certs-check-")));
  await makeDevice(bench);
});

afterAll(() => rmSync(bench.folder, { recursive: true, force: true }));

async function makeDevice(one: Bench): Promise<Bench> {
  await one.run("ca create");
  await one.run("device create dev-1");
  return one;
}

interface Checked {
  accepted: boolean;
  checkedAs: string;
  findings: { code: string; severity: string; file?: string; message: string; mend: string }[];
}

const check = async (bench: Bench, line: string) => (await bench.json(`check ${line}`)) as Checked;
const codes = ({ findings }: Checked) => findings.map(({ code }) => code);

describe("check", () => {
  it("takes a device of the PKI folder, on the assumption that its root is uploaded", async () => {
    const checked = await check(bench, `${CHAIN} ${KEY}`);
    expect(checked).toMatchObject({ accepted: true, checkedAs: "device" });
    expect(codes(checked)).toEqual(["assumed-ca"]);
    const { status, stdout } = await bench.run(`check ${CHAIN} ${KEY}`);
    expect(status).toBe(0);
    expect(stdout).toContain("it is assumed that the service holds the root CA of pki, verified");
    expect(stdout).toMatch(/\n✔ DPS would accept CN=dev-1\n$/);
  });

  it("refuses the leaf alone, and says how to mend it", async () => {
    const { status, stdout } = await bench.run(`check ${LEAF} --ca ${ROOT}`);
    expect(status).toBe(1);
    expect(stdout).toContain('DPS answers 401002 "CA certificate not found."');
    expect(stdout).toContain("    send the leaf and every intermediate");
    expect(stdout).toMatch(/\n✖ DPS would refuse CN=dev-1\n$/);
    expect((await bench.run(`check ${LEAF} --ca ${INTERMEDIATE}`)).status).toBe(0);
  });

  it("knows of nothing but the chain where there is no PKI folder", async () => {
    const other = await check(bench, `${CHAIN} --pki nowhere`);
    expect(other.accepted).toBe(true);
    expect(other.findings[0]?.message).toContain("Intermediate CA, verified");
    expect((await check(bench, `${LEAF} --pki nowhere`)).accepted).toBe(false);
    writeFileSync(bench.path("foreign.txt"), "");
    expect((await check(bench, `${CHAIN} --pki .`)).accepted).toBe(true);
  });

  it("warns of a device below none of the folder's groups", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("device create dev-1 --issuer root");
    expect(codes(await check(bench, CHAIN))).toContain("no-group");
    await bench.run("device create dev-2");
    expect(codes(await check(bench, CHAIN.replace("dev-1", "dev-2")))).toEqual(["assumed-ca"]);
  });

  it("looks at CAs that stand alone as CAs to be uploaded", async () => {
    const checked = await check(bench, `${ROOT} ${INTERMEDIATE}`);
    expect(checked).toMatchObject({ accepted: true, checkedAs: "ca" });
    const { stdout } = await bench.run(`check ${ROOT}`);
    expect(stdout).toContain("DPS would accept CN=dps-certs Test Root CA as a CA");
    expect((await check(bench, `${ROOT} --registration-id dev-1`)).checkedAs).toBe("device");
  });

  it("takes a self-signed certificate for an individual enrollment only", async () => {
    const bench = createBench();
    const { certificate } = await selfSigned("dev-1", { profile: "device" });
    writeFileSync(bench.path("self.pem"), certificate.pem);
    expect(codes(await check(bench, "self.pem"))).toContain("self-signed-leaf");
    const individual = await check(bench, "self.pem --individual");
    expect(individual).toMatchObject({ accepted: true, checkedAs: "individual" });
  });

  it("holds it against all of RFC 5280 with --strict", async () => {
    expect((await bench.run(`check ${CHAIN} --strict`)).status).toBe(0);
    const root = await selfSigned("Root");
    const lines = ["basicConstraints=CA:TRUE", "subjectKeyIdentifier=hash"];
    const ca = odd({
      subject: "/CN=Lax",
      lines: [...lines, "authorityKeyIdentifier=keyid"],
      issuer: root,
    });
    const leaf = await issued("dev-1", ca, { profile: "device" });
    writeFileSync(bench.path("lax.pem"), leaf.certificate.pem + ca.certificate.pem);
    writeFileSync(bench.path("root.pem"), root.certificate.pem);
    expect((await bench.run("check lax.pem --ca root.pem")).status).toBe(0);
    const strict = await check(bench, "lax.pem --ca root.pem --strict");
    expect(codes(strict)).toContain("not-conforming");
  });

  it("reads a PFX, and says of a key that is encrypted that it was not looked at", async () => {
    writeFileSync(bench.path("pw"), "secret\n");
    bench.openssl(
      ...["pkcs12", "-export", "-in", CHAIN, "-inkey", KEY, "-out", "dev.pfx"],
      ...["-passout", "file:pw"],
    );
    bench.openssl("pkey", "-in", KEY, "-aes256", "-out", "dev.key", "-passout", "file:pw");
    expect((await bench.run("check dev.pfx --password-file pw")).status).toBe(0);
    expect(await bench.json("check dev.pfx")).toMatchObject({
      error: { code: "password-required" },
    });
    expect(codes(await check(bench, `${CHAIN} dev.key`))).toContain("key-not-checked");
    expect(codes(await check(bench, `${CHAIN} dev.key --password-file pw`))).toEqual([
      "assumed-ca",
    ]);
  });

  it("refuses a file of which a part is damaged", async () => {
    const chain = readFileSync(bench.path(CHAIN), "utf8");
    writeFileSync(bench.path("cut.pem"), chain.slice(0, -60));
    const checked = await check(bench, `cut.pem --ca ${ROOT}`);
    expect(codes(checked)).toEqual(["unreadable", "incomplete-chain"]);
    expect(checked.findings[0]).toMatchObject({ file: "cut.pem", severity: "refused" });
  });

  it("says of a CA that is none that it is none", async () => {
    expect(codes(await check(bench, `${CHAIN} --ca ${LEAF}`))).toContain("not-a-ca");
  });

  it.each([
    ["check", 2, "name a file"],
    ["check x --registration-id a/b", 2, "only letters"],
    [`check ${CHAIN} --ca ${KEY}`, 1, "there is no certificate in"],
    [`check ${KEY}`, 1, "there is no certificate in"],
    ["check gone.pem", 1, "is not there"],
    ["check pki", 1, "it is a folder"],
    ["check pki/pki.json", 1, "neither PEM nor DER"],
    ["check --expiring 30", 2, "like 30d, 12h or 2w"],
    ["check --expiring 3000000d", 2, "like 30d"],
    ["check --expiring 30d --strict", 2, "--expiring and --strict exclude one another"],
    ["check --expiring 1d --pki nowhere", 1, "there is no PKI folder"],
  ])("fails on %j with status %i", async (line, wanted, words) => {
    const { status, stderr, stdout } = await bench.run(line);
    expect([status, stdout, stderr]).toEqual([wanted, "", expect.stringContaining(words)]);
  });

  it("lets no name steer the terminal", async () => {
    const bench = createBench();
    writeFileSync(bench.path("x"), odd({ subject: "/CN=a\u001b[2Jb" }).certificate.pem);
    const { stdout } = await bench.run("check x");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(stdout).toContain("cannot be a registration id");
  });
});

describe("the verdict of check", () => {
  interface Presented {
    device: Issuer;
    chain: Issuer[];
    id?: string;
  }
  const chainPem = ({ device, chain }: Presented) =>
    [device, ...chain].map(({ certificate }) => certificate.pem).join("");

  it("is the service's own", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    const registry = (await openPki(bench.path("pki"))) as Registry;
    const root = await loadCa(bench.path("pki"), registry, "root");
    const ca = await loadCa(bench.path("pki"), registry, "intermediate");
    const leaf = { profile: "device" as const };
    const stranger = await selfSigned("thermostats Root CA");
    const [good, over] = [
      await issued("good", ca, leaf),
      await issued("over", ca, { ...leaf, notBefore: inDays(-0.002), notAfter: inDays(-0.001) }),
    ];
    const cases: Record<string, Presented & { accepted: boolean }> = {
      good: { device: good, chain: [ca], accepted: true },
      "good, with its root": { device: good, chain: [ca, root], accepted: true },
      "leaf alone": { device: good, chain: [], accepted: false },
      "of another root": {
        device: await issued("lost", stranger, leaf),
        chain: [],
        accepted: false,
      },
      expired: { device: over, chain: [ca], accepted: false },
      "not its id": { device: good, chain: [ca], id: "other", accepted: false },
      "its id in upper case": { device: good, chain: [ca], id: "GOOD", accepted: true },
      "a CA": { device: await issued("gateway", ca), chain: [ca], id: "gateway", accepted: true },
      "a server": {
        device: await issued("web", ca, { profile: "server" }),
        chain: [ca],
        accepted: false,
      },
      "below a device": {
        device: await issued("victim", good, leaf),
        chain: [good, ca],
        accepted: false,
      },
    };
    const emulator = await startEmulator({
      stateDir: bench.path(".dps-certs"),
      retryAfterSeconds: 0,
    });
    const connection = connectEmulator(emulator, emulator.caPem, () => emulator.close());
    onTestFinished(() => connection.close());
    for (const [name, presented] of Object.entries(cases)) {
      const { device, accepted, id = device.certificate.commonName ?? "" } = presented;
      writeFileSync(bench.path("chain.pem"), chainPem(presented));
      const checked = await check(bench, `chain.pem --registration-id ${id}`);
      const keyPem = exportPrivateKeyPem(device.privateKey);
      const client = connection.deviceClient({ chainPem: chainPem(presented), keyPem });
      const registered = await client.register(id).then(
        () => true,
        () => false,
      );
      await client.close();
      expect({ name, checked: checked.accepted, registered }).toEqual({
        name,
        checked: accepted,
        registered: accepted,
      });
    }
  });
});

describe("check --expiring", () => {
  it("lists what of the PKI folder ends within the time, the first to end first", async () => {
    const bench = await makeDevice(createBench());
    await bench.run("device create dev-2 --days 3");
    const list = (await bench.json("check --expiring 200d")) as Record<string, unknown>[];
    expect(list.map(({ subject }) => subject)).toEqual([
      "CN=dev-2",
      "CN=dev-1",
      "CN=dps-certs Test Intermediate CA",
    ]);
    expect(list[0]).toMatchObject({
      file: "pki/certs/dev-2.cert.pem",
      expired: false,
      daysLeft: 2,
      mend: "dps-certs device renew dev-2",
    });
    expect(list[1]).toHaveProperty("file", LEAF);
    const own = "pki/certs/azure-iot-test-only.intermediate.cert.pem";
    expect(list[2]).toHaveProperty("file", own);
    const { status, stdout } = await bench.run("check --expiring 1w");
    expect(status).toBe(1);
    expect(stdout).toMatch(/2 days left +CN=dev-2 /);
    expect(stdout).not.toContain("dev-1");
  });

  it("is silent where nothing ends, and counts what has ended", async () => {
    const later = (days: number) => ({ now: () => inDays(days) });
    expect(await bench.run("check --expiring 12h --quiet")).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
    expect(await bench.json("check --expiring 12h")).toEqual([]);
    const { status, stdout } = await bench.run("check --expiring 12h", later(40));
    expect([status, stdout]).toEqual([1, expect.stringMatching(/expired +CN=dev-1 /)]);
  });

  it("looks at the files that are named alone", async () => {
    const list = await bench.json(`check --expiring 400d ${ROOT} --pki nowhere`);
    expect(list).toMatchObject([
      { subject: "CN=dps-certs Test Root CA", file: ROOT, mend: "have a new CA take its place" },
    ]);
  });

  it("names a damaged file, and goes on", async () => {
    const bench = await makeDevice(createBench());
    writeFileSync(bench.path("pki/certs/odd.cert.pem"), "not a certificate");
    const { status, stdout, stderr } = await bench.run("check --expiring 40d");
    expect(status).toBe(1);
    expect(stdout).toContain("CN=dev-1");
    expect(stderr).toContain("pki/certs/odd.cert.pem is neither PEM nor DER");
    rmSync(bench.path(LEAF));
    expect(await bench.json("check --expiring 1d")).toMatchObject([
      { file: "pki/certs/odd.cert.pem", error: { code: "unrecognised" } },
    ]);
  });
});
