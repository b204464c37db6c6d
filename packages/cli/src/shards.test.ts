import { execFileSync, spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { describe, expect, it } from "vitest";
import { type Bench, BIN, createBench, type Outcome } from "./testing/bench.ts";

const GUIDE = new URL("../../../docs/guide/", import.meta.url);
const ROOT = "azure-iot-test-only.root.ca";
const codeOf = (answer: unknown) => (answer as { error?: { code: string } }).error?.code;

interface Device {
  id: string;
  serialNumber: string;
  certificate: string;
  chain: string;
}

/** What a pod of the guide's job runs, with its volumes. */
function startPod(bench: Bench, index: number, shards: number): Promise<Outcome> {
  const manifest = readFileSync(new URL("fleet-job.yaml", GUIDE), "utf8");
  const script = /args:\n +- \|\n((?: {14}.*\n)+)/.exec(manifest)?.[1] ?? "";
  const folder = (name: string) => bench.path(name, String(index));
  for (const name of ["secret", "work"]) mkdirSync(folder(name), { recursive: true });
  const shard = bench.path("shards", `shard-${index}`);
  execFileSync("tar", ["-czf", `${folder("secret")}/pki.tgz`, "-C", shard, "."]);
  mkdirSync(bench.path("bin"), { recursive: true });
  const command = `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`;
  writeFileSync(bench.path("bin", "dps-certs"), command, { mode: 0o755 });
  const env = {
    PATH: `${bench.path("bin")}${delimiter}${process.env.PATH}`,
    JOB_COMPLETION_INDEX: String(index),
    SHARDS: String(shards),
    SHARD: folder("secret"),
    IDS: bench.folder,
    WORK: folder("work"),
  };
  const child = spawn("sh", ["-euc", script], { env, stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ status: code ?? -1, ...written }));
  });
}

const read = (bench: Bench, ...path: string[]) => readFileSync(bench.path(...path), "utf8");

function devicesOf(bench: Bench, index: number): Device[] {
  const lines = read(bench, "work", String(index), "devices.ndjson").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Device);
}

describe("the job of the guide", () => {
  it("makes every device once in all its pods, below the root, whose key none has", async () => {
    // Neither its shell nor its tar are there on Windows.
    if (process.platform === "win32") return;
    const bench = createBench();
    await bench.run("ca create --shards 3 --out shards --subject fleet");
    const ids = Array.from({ length: 60 }, (_, n) => `pump-${n}`);
    writeFileSync(bench.path("fleet.csv"), ["id", ...ids, "no id", "PUMP-7", ""].join("\n"));
    const pods = [0, 1, 2].map((index) => startPod(bench, index, 3));
    const outcomes = await Promise.all(pods);
    expect(
      outcomes.map(({ status, stderr }) => [status, stderr.match(/shard \d of 3/)?.[0]]),
    ).toEqual([0, 1, 2].map((index) => [0, `shard ${index} of 3`]));
    const parts = [0, 1, 2].map((index) => devicesOf(bench, index));
    const all = parts.flat();
    expect(Math.min(...parts.map((part) => part.length))).toBeGreaterThan(0);
    expect(all.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(new Set(all.map(({ serialNumber }) => serialNumber)).size).toBe(ids.length);
    const failures = [0, 1, 2].flatMap((index) => {
      const result = JSON.parse(read(bench, "work", String(index), "result.json"));
      return result.failures as { line: number; code: string }[];
    });
    expect(failures.map(({ line, code }) => [line, code]).sort()).toEqual([
      [62, "bad-row"],
      [63, "invalid-name"],
    ]);
    for (const [index, part] of parts.entries()) {
      const listed = read(bench, "work", String(index), "pki", "index.txt").match(/\/CN=.*/g);
      expect(listed).toEqual(part.map(({ id }) => `/CN=${id}`));
    }
    mkdirSync(bench.path("leaves"));
    for (const { id, certificate } of all) writeFileSync(bench.path("leaves", id), certificate);
    const chains = new Set(all.map(({ chain }) => chain));
    writeFileSync(bench.path("chains.pem"), [...chains].join(""));
    const anchors = ["-CAfile", `pki/certs/${ROOT}.cert.pem`, "-untrusted", "chains.pem"];
    const strict = ["-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", "sslclient"];
    const leaves = ids.map((id) => `leaves/${id}`);
    const verified = bench.openssl("verify", ...strict, ...anchors, ...leaves);
    expect(verified.match(/: OK$/gm)).toHaveLength(ids.length);
    const keys = Object.keys(bench.snapshot()).filter((path) => path.endsWith(`${ROOT}.key.pem`));
    expect(keys).toEqual([`pki/private/${ROOT}.key.pem`]);

    const before = bench.snapshot();
    await expect(startPod(bench, 0, 3)).resolves.toMatchObject({ status: 0, stdout: "" });
    expect(devicesOf(bench, 0)).toEqual(parts[0]);
    expect(Object.keys(bench.snapshot())).toEqual(Object.keys(before));
  });
});

describe("device create --shard", () => {
  it("refuses to run beside a root's key, and in the folder of another shard", async () => {
    const bench = createBench();
    await bench.run("ca create --shards 3 --out shards --subject fleet");
    const create = "device create --count 30 --prefix pump --as ndjson --out all";
    expect(codeOf(await bench.json(`${create} --shard 0/3`))).toBe("root-key");
    expect(codeOf(await bench.json(`${create} --shard 0/3 --pki shards/shard-1`))).toBe("drift");
    const named = await bench.run("device create a b c d e --pki shards/shard-1", {
      env: { SHARDS: "3" },
    });
    expect(named).toMatchObject({ status: 2, stderr: expect.stringContaining("SHARDS") });
    expect(await bench.json("device list --pki shards/shard-1")).toEqual([]);
    const part = await bench.run("device create a b c d e --pki shards/shard-1", {
      env: { SHARDS: "3", JOB_COMPLETION_INDEX: "1" },
    });
    expect(part.stderr).toContain("JOB_COMPLETION_INDEX and SHARDS");
    const all = await bench.run(`${create} --pki shards/shard-1`);
    expect(all.stderr).toContain("! ");
  });
});

describe("ca create --shards", () => {
  it("says how to enroll the groups, with which the shards' devices register", async () => {
    const bench = createBench();
    const { status, stderr } = await bench.run("ca create --shards 2 --out shards --subject pump");
    expect(status).toBe(0);
    const commands = [...stderr.matchAll(/(?:do|^ *) *dps-certs ([^;\n]+)/gm)].map(
      ([, command = ""]) => command.replaceAll("$i", "1"),
    );
    expect(commands).toEqual([
      "certificate upload root",
      "certificate verify pump-root",
      "group create fleet-1 --ca shard-1",
    ]);
    for (const command of commands) {
      const outcome = await bench.run(command);
      expect([outcome.status, outcome.stderr]).toEqual([0, expect.not.stringContaining("! ")]);
    }
    const pki = "--pki shards/shard-1";
    await bench.run(`device create a ${pki}`);
    const registered = await bench.json(`device register a ${pki}`);
    expect(JSON.stringify(registered)).toContain('"assigned"');
  });

  it("goes on where it stopped, leaves what is away, and replaces that when it is forced", async () => {
    const bench = createBench();
    await bench.run("ca create --shards 1 --out shards --subject pump");
    renameSync(bench.path("shards", "shard-0"), bench.path("machine"));
    const again = await bench.json("ca create --shards 2 --out shards --intermediate-days 9");
    expect(again).toMatchObject([
      { name: "shard-0", state: "away" },
      { name: "shard-1", state: "made", subject: "CN=pump Shard 1 CA" },
    ]);
    const forced = await bench.run("ca create --shards 1 --out shards --force");
    expect(forced.stderr).toMatch(/shard-0 stays valid.*ca revoke [0-9A-F]+/);
    const cas = (await bench.json("ca show")) as { name: string; daysLeft: number }[];
    expect(cas.map(({ name, daysLeft }) => [name, daysLeft])).toEqual([
      ["root", expect.any(Number)],
      ["shard-1", 8],
      ["shard-0", 179],
    ]);
    expect((await bench.run("ca show")).stdout).toContain("ec-p256, elsewhere");
  });

  it.each([
    ["--shards 2", "--out"],
    ["--shards 0 --out shards", "--shards"],
    ["--shards 101 --out shards", "--shards"],
    ["--shards 2 --out pki", "--out"],
    ["--shards 2 --out shards --intermediates 2", "--intermediates"],
    ["--out shards", "--shards"],
  ])("takes %s for a mistake", async (options, named) => {
    const bench = createBench();
    const { status, stderr } = await bench.run(`ca create --json ${options}`);
    expect([status, stderr]).toEqual([2, expect.stringContaining(named)]);
    expect(bench.snapshot()).toEqual({});
  });

  it("encrypts the shards' keys under a password of their own", async () => {
    const bench = createBench();
    const env = { ROOT: "of the root", SHARD: "of the shards" };
    const create = "ca create --shards 1 --out shards --password-env ROOT";
    await bench.run(`${create} --shard-password-env SHARD`, { env });
    const key = read(
      bench,
      "shards",
      "shard-0",
      "private",
      "azure-iot-test-only.intermediate.key.pem",
    );
    expect(key).toContain("ENCRYPTED");
    expect(createPrivateKey({ key, passphrase: env.SHARD }).asymmetricKeyType).toBe("ec");
  });
});
