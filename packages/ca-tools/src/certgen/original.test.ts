/** Interchange with the original script, where CERTGEN_DIR names a folder that has it. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIntermediate, createRoot } from "../authority/create-ca.ts";
import { certificateFields, fieldDifferences } from "../testing/certificate-fields.ts";
import { openssl } from "../testing/openssl.ts";
import { ORIGINAL, runOriginal } from "../testing/original-script.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { createScriptCertificate } from "./create-certificate.ts";
import { createScriptChain } from "./create-chain.ts";
import type { ScriptCertificateKind } from "./script-files.ts";

const COMMANDS: Record<ScriptCertificateKind, [command: string, stem: string]> = {
  verification: ["create_verification_certificate", "verification-code"],
  device: ["create_device_certificate", "new-device"],
  deviceFromIntermediate: ["create_device_certificate_from_intermediate", "new-device"],
  edge: ["create_edge_device_certificate", "new-edge-device"],
};
const KINDS = Object.keys(COMMANDS) as ScriptCertificateKind[];
const CHAIN = "certs/azure-iot-test-only.chain.ca.cert.pem";
const ROOT = "certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "certs/azure-iot-test-only.intermediate.cert.pem";
const ROOT_KEY = "private/azure-iot-test-only.root.ca.key.pem";

/** By the original; fails the test with its output. */
function theirs(folder: string, kind: ScriptCertificateKind, name: string): void {
  const { status, output } = runOriginal(folder, COMMANDS[kind][0], name);
  expect([status, status === 0 ? "" : output]).toEqual([0, ""]);
}

const ours = (folder: string, kind: ScriptCertificateKind, commonName: string) =>
  createScriptCertificate(folder, { kind, commonName, now: new Date(), algorithm: "ec-p256" });

function rows(folder: string): string[][] {
  const text = readFileSync(join(folder, "index.txt"), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((row) => row.split("\t"));
}

const namesIn = (folder: string) =>
  rows(folder).map(([, , , serial, , name]) => `${serial} ${name}`);

function expectAllVerified(folder: string): void {
  const files = rows(folder).map(([, , , serial]) => `newcerts/${serial}.pem`);
  const said = openssl(["verify", "-CAfile", CHAIN, ...files], folder);
  expect(said.trim().split("\n")).toEqual(files.map((file) => `${file}: OK`));
}

const read = (folder: string, file: string) =>
  parseCertificate(readFileSync(join(folder, file), "utf8"));

describe.runIf(ORIGINAL)("the original script", { timeout: 120_000 }, () => {
  let begun = "";

  beforeAll(() => {
    begun = mkdtempSync(join(tmpdir(), "ca-tools-original-"));
    expect(runOriginal(begun, "create_root_and_intermediate").status).toBe(0);
  }, 120_000);
  afterAll(() => rmSync(begun, { recursive: true, force: true }));

  /** A folder that the original began. */
  function begunByOriginal(): string {
    const folder = scratch();
    cpSync(begun, folder, { recursive: true });
    return folder;
  }

  /** Each of the commands by ours and by the original, by turns. */
  async function takeTurns(folder: string): Promise<void> {
    for (const kind of KINDS) {
      await ours(folder, kind, `ours-${kind}`);
      theirs(folder, kind, `theirs-${kind}`);
    }
    const last = KINDS.flatMap((kind) => [`ours-${kind}`, `theirs-${kind}`]).map((name) =>
      name.endsWith("edge") ? `${name}.ca` : name,
    );
    expect(
      namesIn(folder)
        .slice(-8)
        .map((row) => row.split("/CN=")[1]),
    ).toEqual(last);
    expectAllVerified(folder);
  }

  it("begins a folder in which ours goes on, by turns with it", async () => {
    const folder = begunByOriginal();
    await takeTurns(folder);
    expect(namesIn(folder).map((row) => row.slice(0, 2))).toEqual([
      "01",
      "02",
      "03",
      "04",
      "05",
      "06",
      "07",
      "08",
      "09",
    ]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("begins one whose keys may be encrypted as OpenSSL 1.1 did", async () => {
    const folder = begunByOriginal();
    const outside = scratch();
    writeFileSync(join(outside, "password"), "1234\n1234\n");
    const password = `file:${join(outside, "password")}`;
    for (const name of ["root.ca", "intermediate"]) {
      const key = `private/azure-iot-test-only.${name}.key.pem`;
      const old = ["-traditional", "-aes256", "-passin", password, "-passout", password];
      openssl(["rsa", "-in", key, ...old, "-out", "key"], folder);
      renameSync(join(folder, "key"), join(folder, key));
    }
    expect(readFileSync(join(folder, ROOT_KEY), "utf8")).toContain("Proc-Type: 4,ENCRYPTED");
    await ours(folder, "device", "ours-1");
    await ours(folder, "edge", "ours-2");
    theirs(folder, "device", "theirs");
    expectAllVerified(folder);
  });

  it("begins one in which a name is given once, by ours as by it", async () => {
    const folder = begunByOriginal();
    theirs(folder, "device", "dev");
    await expect(ours(folder, "verification", "dev")).rejects.toMatchObject({ code: "exists" });
    await ours(folder, "edge", "dev");
    const { status, output } = runOriginal(folder, COMMANDS.edge[0], "dev");
    expect([status, output]).toEqual([1, expect.stringContaining("already a certificate")]);
  });

  it("begins one that ours replaces, all of it kept", async () => {
    const folder = begunByOriginal();
    theirs(folder, "device", "dev");
    const before = snapshot(folder);
    const options = { now: new Date(), algorithm: "ec-p256" } as const;
    await expect(createScriptChain(folder, options)).rejects.toMatchObject({ code: "exists" });
    const { archive } = await createScriptChain(folder, { ...options, force: true });
    const kept = Object.keys(before).filter((path) =>
      /^(?:certs|private|csr|newcerts)\//.test(path),
    );
    expect(kept.length).toBeGreaterThan(10);
    const after = snapshot(folder);
    for (const path of kept) expect(after[`${archive}/${path}`]).toBe(before[path]);
    await takeTurns(folder);
  });

  it("goes on in a folder that ours began, by turns with ours", async () => {
    const folder = scratch();
    await createScriptChain(folder, { now: new Date(), algorithm: "ec-p256" });
    await takeTurns(folder);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("goes on below CAs of another name, with unencrypted EC keys", async () => {
    const folder = scratch();
    const now = new Date();
    await createRoot(folder, { commonName: "Factory Root CA", now });
    await createIntermediate(folder, { commonName: "Factory CA", now, group: null });
    await takeTurns(folder);
  });

  it("replaces a chain of ours, and ours follows", async () => {
    const folder = scratch();
    await createScriptChain(folder, { now: new Date(), algorithm: "ec-p256" });
    expect(runOriginal(folder, "create_root_and_intermediate").status).toBe(0);
    expect((await ours(folder, "device", "dev")).relisted).toBe(true);
    await takeTurns(folder);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("and ours make the same, field by field, but for what the documentation tells", async () => {
    const folder = scratch();
    const now = new Date();
    await createScriptChain(folder, { now });
    const original = begunByOriginal();
    const found: Record<string, unknown> = {
      root: fieldDifferences(read(folder, ROOT), read(original, ROOT)),
      intermediate: fieldDifferences(read(folder, INTERMEDIATE), read(original, INTERMEDIATE)),
    };
    for (const kind of KINDS) {
      const file = `certs/${COMMANDS[kind][1]}.cert.pem`;
      await createScriptCertificate(folder, { kind, commonName: `x-${kind}`, now });
      theirs(original, kind, `x-${kind}`);
      found[kind] = fieldDifferences(read(folder, file), read(original, file));
      expect(Object.keys(certificateFields(read(folder, file))).length).toBeGreaterThanOrEqual(12);
    }
    expect(found).toEqual(
      Object.fromEntries(["root", "intermediate", ...KINDS].map((name) => [name, DIFFERENCES])),
    );
  });

  it("and ours make the same files", async () => {
    const folder = scratch();
    await createScriptChain(folder, { now: new Date(), algorithm: "ec-p256" });
    const original = begunByOriginal();
    for (const kind of KINDS) {
      await ours(folder, kind, `x-${kind}`);
      theirs(original, kind, `x-${kind}`);
    }
    const [mine, its] = [folder, original].map((one) => new Set(Object.keys(snapshot(one))));
    expect([...(its ?? [])].filter((path) => !mine?.has(path)).sort()).toEqual([
      ...["certGen.sh", "index.txt.attr.old", "index.txt.old"],
      ...["openssl_device_intermediate_ca.cnf", "openssl_root_ca.cnf", "serial.old"],
    ]);
    expect([...(mine ?? [])].filter((path) => !its?.has(path)).sort()).toEqual([
      ...[".gitignore", "certs/.gitignore", "certs/new-device-full-chain.cert.pem"],
      ...["certs/new-edge-device-full-chain.cert.pem", "crlnumber", "pki.json"],
      "private/.gitignore",
    ]);
  });
});

/** The whole list: what `docs/coming-from-certgen.md` explains. */
const DIFFERENCES = { lifetime: ["43205 minutes", "43200 minutes"] };
