import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Outlet } from "./io.ts";
import { type Bench, createBench } from "./testing/bench.ts";

const idsIn = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { id: string }).id);

/** Rows of index.txt but for those of the CAs. */
const indexed = (bench: Bench): string[] =>
  readFileSync(bench.path("pki/index.txt"), "utf8")
    .split("\n")
    .flatMap((row) => /\/CN=([^ ]+)$/.exec(row)?.[1] ?? []);

function outlet(choices: Partial<Outlet> = {}): Outlet & { text: () => string } {
  let text = "";
  return {
    ...{ kind: "pipe", mode: 0o600, size: 0 },
    write: (more) => {
      text += more;
      return Promise.resolve();
    },
    ...choices,
    text: () => text,
  };
}

describe("device create in bulk", () => {
  it("makes files that all other commands work on", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const made = await bench.json("device create --count 3 --prefix s --days 5");
    expect(made).toMatchObject({ made: 3, earlier: 0, failed: 0, output: "pki" });
    const devices = await bench.json("device list");
    expect(devices).toMatchObject([{ id: "s-001", daysLeft: 4 }, { id: "s-002" }, { id: "s-003" }]);
    const { serialNumber } = (devices as { serialNumber: string }[])[1] ?? {};
    expect((await bench.run(`ca revoke ${serialNumber}`)).status).toBe(0);
    const again = await bench.run("device create --count 4 --prefix s");
    expect(again.stderr).toContain("line 1: there is already a certificate for device s-001");
    expect(again.stderr).toMatch(/✔ 1 device .*\n.*✖ 3 rows/);
    expect(again.status).toBe(1);
    expect((await bench.run("device renew s-003")).status).toBe(0);
    expect(
      bench.openssl(
        "verify",
        "-CAfile",
        "pki/certs/azure-iot-test-only.chain.ca.cert.pem",
        "pki/certs/s-004.cert.pem",
      ),
    ).toContain("OK");
  });

  it("reads a file, tells its bad rows by their lines, and writes one file that is its owner's", async () => {
    const bench = createBench();
    await bench.run("ca create");
    writeFileSync(bench.path("fleet.csv"), "id,days,san\na,3,DNS:a.example\nb c,,\nd,,\nD,,\n");
    const line =
      "device create --from fleet.csv --as ndjson --out fleet.ndjson --report bad.ndjson";
    const made = await bench.json(line);
    expect(made).toMatchObject({
      ...{ made: 2, failed: 2, output: "fleet.ndjson" },
      failures: [
        { line: 3, code: "bad-row" },
        { line: 5, id: "D", code: "invalid-name" },
      ],
    });
    expect(idsIn(readFileSync(bench.path("fleet.ndjson"), "utf8"))).toEqual(["a", "d"]);
    expect(statSync(bench.path("fleet.ndjson")).mode & 0o777).toBe(0o600);
    expect(readFileSync(bench.path("bad.ndjson"), "utf8").match(/"line":(3|5),/g)).toHaveLength(2);
    expect(JSON.stringify(made)).not.toContain("PRIVATE");
    const again = await bench.json(line);
    expect(again).toMatchObject({ error: { code: "exists" } });
    const fast = await bench.json(
      "device create --from fleet.csv --as ndjson --out x --fail-fast --force",
    );
    expect(fast).toMatchObject({
      error: { code: "bad-row", message: expect.stringContaining('line 3: "b c"') },
    });
    expect(idsIn(readFileSync(bench.path("x"), "utf8"))).toEqual(["a"]);
  });

  it("hands devices to a reader, and nothing else", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const reader = outlet();
    const stdin = Readable.from([Buffer.from("a\nb\n")]);
    const given = { outlet: () => reader, stdin };
    const { status, stdout } = await bench.run("device create --from - --as ndjson", given);
    expect([status, stdout]).toEqual([0, ""]);
    expect(idsIn(reader.text())).toEqual(["a", "b"]);
    const plain = await bench.run("device create c --as ndjson");
    expect(idsIn(plain.stdout)).toEqual(["c"]);
    expect(indexed(bench)).toEqual(["a", "b", "c"]);
    const listed = await bench.json("device list");
    expect(listed).toEqual([]);
  });

  it("shows private keys on no terminal unasked, and minds who can read a file", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const terminal = outlet({ kind: "terminal" });
    const line = "device create a --as ndjson";
    const refused = await bench.run(line, { outlet: () => terminal });
    expect([refused.status, terminal.text()]).toEqual([2, ""]);
    expect(refused.stderr).toContain("--out FILE");
    expect((await bench.run(`${line} --yes`, { outlet: () => terminal })).status).toBe(0);
    expect(idsIn(terminal.text())).toEqual(["a"]);
    const open = outlet({ kind: "file", mode: 0o644 });
    const { stderr } = await bench.run("device create b --as ndjson", { outlet: () => open });
    expect(stderr).toContain("a file of mode 644");
  });

  it("stops when its reader has gone, and makes once more what may not have arrived", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const write = () => Promise.reject(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    const line = "device create --count 2 --prefix s --as ndjson";
    const stopped = await bench.run(line, { outlet: () => outlet({ write }) });
    expect([stopped.status, stopped.stderr]).toEqual([
      1,
      expect.stringContaining("the program that reads the devices has ended"),
    ]);
    const reader = outlet();
    const { status, stderr } = await bench.run(line, { outlet: () => reader });
    expect(status).toBe(0);
    expect(idsIn(reader.text())).toEqual(["s-001", "s-002"]);
    expect(stderr).toMatch(/s-001 was made once more.*: serial number [0-9A-F]+, before [0-9A-F]+/);
  });

  it("goes on after kill -9", { timeout: 30_000 }, async () => {
    const bench = createBench();
    await bench.run("ca create");
    const line = "device create --count 3000 --prefix s --as ndjson";
    const { child, ended, firstLine } = bench.start(line.split(" "));
    await firstLine;
    child.kill("SIGKILL");
    const { stdout } = await ended;
    const before = stdout.slice(0, stdout.lastIndexOf("\n") + 1);
    const [lock = ""] = readdirSync(bench.path("pki/.bulk")).filter((name) =>
      name.endsWith(".lock"),
    );
    for (const path of [`pki/.bulk/${lock}`, "pki/.lock"]) {
      if (existsSync(bench.path(path))) utimesSync(bench.path(path), 0, 0);
    }
    const reader = outlet();
    const { status, stderr } = await bench.run(line, { outlet: () => reader });
    expect(status).toBe(0);
    const all = [...idsIn(before), ...idsIn(reader.text())];
    expect(new Set(all).size).toBe(3000);
    const repeated = stderr.match(/was made once more/g)?.length ?? 0;
    expect(indexed(bench)).toHaveLength(3000 + repeated);
    expect(all.length - 3000).toBeLessThanOrEqual(repeated);
  });
});

describe("device create, asked wrongly", () => {
  it.each([
    ["device create", "name devices, or say --count"],
    ["device create --count 3", "belong together"],
    ["device create --prefix a", "belong together"],
    ["device create a --count 3 --prefix b", "name devices, or say"],
    ["device create --from x --count 3 --prefix b", "name devices, or say"],
    ["device create --count 0 --prefix a", "--count"],
    ["device create --count 3 --prefix a --as csv", "--as takes"],
    ["device create --count 3 --prefix a --force", "--force is of devices"],
    ["device create --from x --edge ca", "--edge is of devices"],
    ["device create --from x --as ndjson --pfx", "--pfx writes files"],
    ["device create --from x --as ndjson --json", "standard output takes the devices"],
    ["device create a --fail-fast", "--fail-fast is of"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    const { status, stderr } = await bench.run(line);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(bench.snapshot()).toEqual({});
  });

  it("makes no more files in the PKI folder than it can take", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const before = bench.snapshot();
    const counted = await bench.run("device create --count 10001 --prefix a");
    expect([counted.status, counted.stderr]).toEqual([2, expect.stringContaining("--out DIR")]);
    writeFileSync(bench.path("ids"), Array.from({ length: 10_001 }, (_, n) => `a-${n}\n`).join(""));
    const read = await bench.run("device create --from ids");
    expect([read.status, read.stderr]).toEqual([2, expect.stringContaining("--out DIR")]);
    expect(bench.snapshot()).toMatchObject(before);
    expect(indexed(bench)).toEqual([]);
  });

  it("names a file that is not there", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const answer = await bench.json("device create --from none.csv --out fleet");
    expect(answer).toMatchObject({ error: { code: "not-found" } });
    expect(existsSync(bench.path("fleet"))).toBe(false);
  });
});
