import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCrl } from "../authority/crl.ts";
import { createDevices } from "../authority/devices.ts";
import { listDeviceIds, loadDevice } from "../authority/load-device.ts";
import { revoke } from "../authority/revoke.ts";
import { caPaths, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { withLock } from "../folder/lock.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { chainFolder, loadCaOf } from "../testing/chain-folder.ts";
import { filesBelow, indexed, linesIn, rowsOf } from "../testing/fleet-folder.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { isKeyOf, parsePrivateKey } from "../x509/keys.ts";
import { createFleet } from "./create-fleet.ts";
import { fannedPaths } from "./device-output.ts";
import type { BadRow, FleetOutput, FleetResult, FleetRunOptions, InputRow } from "./types.ts";

const chain = chainFolder();

interface Made extends FleetResult {
  bad: BadRow[];
  /** What a stream was given. */
  written: string;
}

type Choices = Partial<Omit<FleetRunOptions, "output">> & {
  output?: Exclude<FleetOutput, { kind: "stream" }>;
};

/** Without an output, to a stream. */
async function make(
  folder: string,
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { output, ...choices }: Choices = {},
): Promise<Made> {
  const bad: BadRow[] = [];
  let written = "";
  const stream: FleetOutput = {
    kind: "stream",
    write: (text) => {
      written += text;
      return Promise.resolve();
    },
  };
  const result = await createFleet(folder, rows, {
    issuer: chain.issuer(),
    now: () => NOW,
    workers: 0,
    onBadRow: (row) => bad.push(row),
    output: output ?? stream,
    ...choices,
  });
  return { ...result, bad, written };
}

const FLAT = { output: { kind: "flat" } } as const;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const codes = (bad: readonly BadRow[]) =>
  bad.map(({ line, problem }) => [line, (problem as { code?: string }).code]);

describe("a fleet in the PKI folder", () => {
  it("has the files that devices have which are made one by one", async () => {
    const [one, many] = [chain.copy(), chain.copy()];
    const ids = ["dev-1", "dev:2", "CON"];
    await createDevices(one, { ids, issuer: chain.issuer(), now: NOW });
    const { made, failed } = await make(many, rowsOf(...ids), FLAT);
    expect([made, failed]).toEqual([3, 0]);
    const names = (folder: string) =>
      Object.keys(snapshot(folder)).filter((path) => /^(certs|private)\//.test(path));
    expect(names(many)).toEqual(names(one));
    expect(await flawsOf(many)).toEqual([]);
    for (const path of names(many)) expect(modeOf(join(many, path))).toBe(modeOf(join(one, path)));
    const [ours, theirs] = await Promise.all([loadDevice(many, "dev-1"), loadDevice(one, "dev-1")]);
    expect(ours.certificate.notAfter).toEqual(theirs.certificate.notAfter);
    expect(ours.chainPem.match(/BEGIN/g)).toHaveLength(2);
  });

  it("is made in batches, in the order of its rows, and needs no second listing", async () => {
    const folder = chain.copy();
    const ids = Array.from({ length: 7 }, (_, n) => `dev-${n}`);
    const progress: number[] = [];
    await make(folder, rowsOf(...ids), {
      ...FLAT,
      batch: 3,
      onProgress: (made) => progress.push(made),
    });
    expect(progress).toEqual([3, 6, 7]);
    expect(Object.keys(indexed(folder))).toEqual(ids);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("keeps off devices that are there, by any letter case, and what is left of others", async () => {
    const folder = chain.copy();
    await make(folder, rowsOf("dev-1"), FLAT);
    writeFileSync(join(folder, "private/dev-3.key.pem"), "a key without its certificate");
    const before = snapshot(folder);
    const { bad, made } = await make(folder, rowsOf("DEV-1", "dev-1", "dev-2", "dev-3"), FLAT);
    expect(made).toBe(1);
    expect(codes(bad)).toEqual([
      [1, "exists"],
      [2, "invalid-name"],
      [4, "exists"],
    ]);
    expect(bad[2]?.problem.message).toContain("private/dev-3.key.pem");
    expect(snapshot(folder)).toMatchObject({ ...before, "index.txt": expect.anything() });
  });

  it("leaves out a device that another process makes meanwhile", async () => {
    const folder = chain.copy();
    async function* rows() {
      yield* rowsOf("dev-1", "dev-2");
      await createDevices(folder, { ids: ["dev-2"], issuer: chain.issuer(), now: NOW });
    }
    const { bad, made } = await make(folder, rows(), FLAT);
    expect([made, codes(bad)]).toEqual([1, [[2, "exists"]]]);
    expect(await listDeviceIds(folder)).toEqual(["dev-1", "dev-2"]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("minds an index.txt that wants subjects to be unique, or lacks its last line feed", async () => {
    const folder = chain.copy();
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    writeFileSync(join(folder, "index.txt"), "V\t491231235959Z\t\t0A\tunknown\t/CN=dev-1");
    const { bad } = await make(folder, rowsOf("dev-1", "dev-2"), FLAT);
    expect(codes(bad)).toEqual([[1, "exists"]]);
    expect(readFileSync(join(folder, "index.txt"), "utf8")).toMatch(/CN=dev-1\nV.*CN=dev-2\n$/);
  });

  it("protects keys where it is asked to", async () => {
    const folder = chain.copy();
    const protection = { keyPassword: "key-secret", pfx: { password: "pfx-secret" } };
    await make(folder, rowsOf("dev-1"), { ...FLAT, ...protection });
    expect(readFileSync(join(folder, "private/dev-1.key.pem"), "utf8")).toContain("ENCRYPTED");
    expect(modeOf(join(folder, "certs/dev-1.cert.pfx"))).toBe("600");
    const password = () => Promise.resolve("key-secret");
    expect((await loadDevice(folder, "dev-1", password)).certificate.commonName).toBe("dev-1");
  });

  it("refuses ids that the folder keeps for others, and a folder that is none", async () => {
    const folder = chain.copy();
    const { bad } = await make(folder, rowsOf("new-device", "dev-full-chain"), FLAT);
    expect(codes(bad)).toEqual([
      [1, "invalid-name"],
      [2, "invalid-name"],
    ]);
    await expect(make(join(folder, "none"), rowsOf("a"), FLAT)).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("a fleet as lines of JSON", () => {
  it("has key, certificate, chain and thumbprints that belong together", async () => {
    const folder = chain.copy();
    const { written } = await make(folder, [
      { line: 1, id: "dev-1", names: { dns: ["dev-1.example"], ip: ["10.0.0.5"] }, days: 3 },
      { line: 2, id: "dev-2" },
    ]);
    const lines = linesIn(written);
    expect(lines.map(({ id }) => id)).toEqual(["dev-1", "dev-2"]);
    for (const line of lines) {
      const certificate = parseCertificate(line.certificate);
      const { serialNumber, sha1, sha256, notAfter } = certificate;
      expect(line).toMatchObject({ serialNumber, sha1, sha256, notAfter: notAfter.toJSON() });
      expect(isKeyOf(parsePrivateKey(line.key), certificate)).toBe(true);
      writeFileSync(join(folder, "leaf.pem"), line.certificate);
      writeFileSync(join(folder, "rest.pem"), line.chain);
      const root = "certs/azure-iot-test-only.root.ca.cert.pem";
      const time = ["-attime", String(NOW.getTime() / 1000)];
      const given = ["-CAfile", root, "-untrusted", "rest.pem", "leaf.pem"];
      expect(openssl(["verify", ...time, ...given], folder)).toContain("leaf.pem: OK");
    }
    const [first = ""] = lines.map(({ certificate }) => certificate);
    expect(parseCertificate(first).notAfter).toEqual(inDays(3));
    writeFileSync(join(folder, "leaf.pem"), first);
    const names = openssl(["x509", "-noout", "-ext", "subjectAltName", "-in", "leaf.pem"], folder);
    expect(names).toContain("DNS:dev-1.example, IP Address:10.0.0.5");
    expect(indexed(folder)).toEqual(
      Object.fromEntries(lines.map(({ id, serialNumber }) => [id, [serialNumber]])),
    );
    expect(await listDeviceIds(folder)).toEqual([]);
  });

  it("goes to a file that only its owner can read, which is nobody else's", async () => {
    const folder = chain.copy();
    const path = join(folder, "fleet.ndjson");
    const output = { kind: "file", path } as const;
    await make(folder, rowsOf("a", "b"), { output });
    expect(modeOf(path)).toBe("600");
    expect(linesIn(readFileSync(path, "utf8")).map(({ id }) => id)).toEqual(["a", "b"]);
    const before = readFileSync(path, "utf8");
    await expect(make(folder, rowsOf("c"), { output })).rejects.toMatchObject({ code: "exists" });
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(Object.keys(indexed(folder))).toEqual(["a", "b"]);
  });

  it("is not made twice for ids that index.txt lists, unless they ended, were revoked, or by force", async () => {
    const folder = chain.copy();
    const first = linesIn((await make(folder, rowsOf("a", "b", "c"))).written);
    await revoke(folder, { serialNumber: first[1]?.serialNumber ?? "", now: NOW });
    const again = await make(folder, rowsOf("A", "b", "d"));
    expect(codes(again.bad)).toEqual([[1, "exists"]]);
    expect(linesIn(again.written).map(({ id }) => id)).toEqual(["b", "d"]);
    const forced = await make(folder, rowsOf("c"), { force: true });
    expect([forced.made, indexed(folder).c]).toEqual([1, expect.objectContaining({ length: 2 })]);
    const later = await make(folder, rowsOf("a", "c"), { now: () => inDays(31) });
    expect(later.bad).toEqual([]);
  });

  it("can be revoked: its rows say whose they are, and openssl minds them not", async () => {
    const folder = chain.copy();
    const [line] = linesIn((await make(folder, rowsOf("a", "b"))).written);
    await revoke(folder, { serialNumber: line?.serialNumber ?? "", now: NOW });
    const { crl, unknown } = await createCrl(folder, { ca: chain.issuer(), now: NOW });
    expect([crl.entries.length, unknown]).toEqual([1, []]);
    const root = await createCrl(folder, { ca: await loadCaOf(folder, ROOT), now: NOW });
    expect([root.crl.entries, root.unknown]).toEqual([[], []]);
    const { certificate, key } = caPaths(FIRST_INTERMEDIATE);
    const config = `[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\ncertificate=${certificate}\nprivate_key=${key}\n`;
    writeFileSync(join(folder, "ca.cnf"), config);
    const status = ["ca", "-config", "ca.cnf", "-status", line?.serialNumber ?? ""];
    expect(tryOpenssl(status, folder).output).toContain("=Revoked (R)");
    openssl(["ca", "-config", "ca.cnf", "-updatedb"], folder);
    expect(Object.keys(indexed(folder))).toEqual(["a", "b"]);
  });

  it("tells of the issuer's end that cuts the devices'", async () => {
    const { cut } = await make(chain.copy(), rowsOf("a"), { days: 3000 });
    expect(cut).toEqual({
      id: "a",
      asked: inDays(3000),
      notAfter: chain.issuer().certificate.notAfter,
    });
  });
});

describe("a fleet in folders of two hex digits", () => {
  it("has key, chain and certificate of each device there", async () => {
    const folder = chain.copy();
    const fan = join(folder, "fleet");
    const output = { kind: "fanned", folder: fan } as const;
    await make(folder, rowsOf("dev-1", "dev:2"), { output, batch: 1 });
    const expected = ["dev-1", "dev:2"].flatMap((id) => {
      const { folder: digits, key, fullChain, certificate } = fannedPaths(id);
      expect(digits).toMatch(/^[0-9a-f]{2}$/);
      return [key, fullChain, certificate].map((name) => join(digits, name));
    });
    expect(filesBelow(fan)).toEqual([".gitignore", ...expected].sort());
    expect(fannedPaths("DEV-1").folder).toBe(fannedPaths("dev-1").folder);
    const { folder: digits, key, fullChain } = fannedPaths("dev:2");
    expect([modeOf(fan), modeOf(join(fan, digits)), modeOf(join(fan, digits, key))]).toEqual([
      "700",
      "700",
      "600",
    ]);
    expect(readFileSync(join(fan, digits, fullChain), "utf8").match(/BEGIN/g)).toHaveLength(2);
    expect(Object.keys(indexed(folder))).toEqual(["dev-1", "dev:2"]);
  });

  it("leaves out a device that another run lists meanwhile, and nothing of it behind", async () => {
    const folder = chain.copy();
    const fan = join(folder, "fleet");
    async function* rows() {
      yield* rowsOf("a", "b");
      await make(folder, rowsOf("b"));
    }
    const { bad, made } = await make(folder, rows(), { output: { kind: "fanned", folder: fan } });
    expect([made, codes(bad)]).toEqual([1, [[2, "exists"]]]);
    expect(filesBelow(fan)).toHaveLength(4);
    expect(indexed(folder).b).toHaveLength(1);
  });

  it("adds to what is there, replaces nothing, and keeps off other folders", async () => {
    const folder = chain.copy();
    const fan = join(folder, "fleet");
    const output = { kind: "fanned", folder: fan } as const;
    await make(folder, rowsOf("a"), { output });
    const before = snapshot(fan);
    const { bad, made } = await make(folder, rowsOf("a", "b"), { output, force: true });
    expect([made, codes(bad)]).toEqual([1, [[1, "exists"]]]);
    expect(snapshot(fan)).toMatchObject(before);
    const foreign = make(folder, rowsOf("c"), {
      output: { kind: "fanned", folder: join(folder, "certs") },
    });
    await expect(foreign).rejects.toMatchObject({ code: "exists" });
    expect(filesBelow(join(folder, "certs"))).not.toContain("c.cert.pem");
  });
});

describe("rows that fail", () => {
  const problem = Object.assign(new Error("not a row"), { code: "bad-row" });
  const rows: InputRow[] = [
    { line: 2, id: "a" },
    { line: 3, problem },
    { line: 4, id: "b", names: { dns: ["not a host"] } },
    { line: 5, id: "A" },
    { line: 6, id: "c", days: 1e9 },
    { line: 7, id: "d" },
  ];

  it("are told by their lines and do not stop the others", async () => {
    const { bad, failed, written } = await make(chain.copy(), rows);
    expect(linesIn(written).map(({ id }) => id)).toEqual(["a", "d"]);
    expect(failed).toBe(4);
    expect(codes(bad)).toEqual([
      [3, "bad-row"],
      [4, "invalid-name"],
      [5, "invalid-name"],
      [6, "outside-validity"],
    ]);
  });

  it("stop it where that is asked for, behind the devices before them; mended, it goes on", async () => {
    const folder = chain.copy();
    const options = { run: "0123456789abcdef", failFast: true };
    const path = join(folder, "fleet.ndjson");
    const output = { kind: "file", path } as const;
    await expect(make(folder, rows, { ...options, output })).rejects.toBe(problem);
    expect(linesIn(readFileSync(path, "utf8")).map(({ id }) => id)).toEqual(["a"]);
    const mended = rowsOf("a", "x", "y");
    const { made, earlier } = await make(folder, mended, { ...options, output });
    expect([made, earlier]).toEqual([2, 1]);
    expect(linesIn(readFileSync(path, "utf8")).map(({ id }) => id)).toEqual(["a", "x", "y"]);
    expect(existsSync(join(folder, ".bulk", `${options.run}.json`))).toBe(false);
  });
});

describe("several runs at once", () => {
  it("are refused when they are the same, and let in when they are not", async () => {
    const folder = chain.copy();
    const run = "0123456789abcdef";
    let second: Promise<unknown> = Promise.resolve();
    async function* rows() {
      yield* rowsOf("a");
      const other = make(folder, rowsOf("b"), { ...FLAT, run: "fedcba9876543210" });
      expect((await other).made).toBe(1);
      second = withLock(
        join(folder, ".bulk"),
        () => Promise.resolve(),
        { tries: 1, pauseMs: 1 },
        `${run}.lock`,
      );
      await second.catch(() => undefined);
    }
    expect((await make(folder, rows(), { ...FLAT, run })).made).toBe(1);
    await expect(second).rejects.toMatchObject({ code: "locked" });
    expect(await flawsOf(folder)).toEqual([]);
  });
});
