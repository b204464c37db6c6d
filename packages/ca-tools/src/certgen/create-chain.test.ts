import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assignGroup } from "../authority/groups.ts";
import { loadCa } from "../authority/load-ca.ts";
import { openPki } from "../folder/pki.ts";
import { openssl } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createScriptCertificate } from "./create-certificate.ts";
import { createScriptChain, type ScriptChainOptions } from "./create-chain.ts";

const now = new Date("2030-03-01T12:00:00.000Z");
const make = (folder: string, more: Partial<ScriptChainOptions> = {}) =>
  createScriptChain(folder, { now, algorithm: "ec-p256", ...more });
const textIn = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");

const ROOT = "certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "certs/azure-iot-test-only.intermediate.cert.pem";
const KEYS = ["root.ca", "intermediate"].map(
  (name) => `private/azure-iot-test-only.${name}.key.pem`,
);
const ARCHIVE = "old-20300301T120000Z/";
const ROW = "V\t300331120000Z\t\t01\tunknown\t/CN=Azure IoT Hub Intermediate Cert Test Only\n";

describe("the script's chain", () => {
  it("is RSA-4096 with SHA-256 for 30 days, as the script's, where nothing else is said", {
    timeout: 60_000,
  }, async () => {
    const folder = scratch();
    await createScriptChain(folder, { now });
    for (const file of [ROOT, INTERMEDIATE]) {
      const text = openssl(["x509", "-noout", "-text", "-in", file], folder);
      expect(text).toContain("Public-Key: (4096 bit)");
      expect(text.match(/sha256WithRSAEncryption/g)).toHaveLength(2);
      expect(text).toContain("Not After : Mar 31 12:00:00 2030 GMT");
    }
  });

  it("is in the script's files, with its list and its numbers", async () => {
    const folder = scratch();
    const { root, intermediate, archive, left } = await make(folder);
    expect([archive, left]).toEqual([undefined, []]);
    const files = snapshot(folder);
    expect(Object.keys(files).sort()).toEqual(
      [
        ...[".gitignore", "private/.gitignore", "certs/.gitignore", "crlnumber", "pki.json"],
        ...[
          "index.txt",
          "index.txt.attr",
          "serial",
          "newcerts/01.pem",
          ROOT,
          INTERMEDIATE,
          ...KEYS,
        ],
        "certs/azure-iot-test-only.chain.ca.cert.pem",
        "csr/azure-iot-test-only.intermediate.csr.pem",
      ].sort(),
    );
    expect(files).toMatchObject({
      serial: "02\n",
      "index.txt": ROW,
      "index.txt.attr": "unique_subject = no\n",
      "newcerts/01.pem": intermediate.pem,
      [ROOT]: root.pem,
      "certs/azure-iot-test-only.chain.ca.cert.pem": intermediate.pem + root.pem,
    });
    expect(await flawsOf(folder)).toEqual([]);
    expect((await openPki(folder))?.algorithm).toBe("ec-p256");
  });

  it("has the script's names, and openssl follows it", async () => {
    const folder = scratch();
    await make(folder);
    const names = ["x509", "-noout", "-subject", "-issuer", "-in"];
    expect(openssl([...names, ROOT], folder)).toBe(
      "subject=CN = Azure IoT Hub CA Cert Test Only\nissuer=CN = Azure IoT Hub CA Cert Test Only\n",
    );
    expect(openssl([...names, INTERMEDIATE], folder)).toBe(
      "subject=CN = Azure IoT Hub Intermediate Cert Test Only\nissuer=CN = Azure IoT Hub CA Cert Test Only\n",
    );
    const at = ["-attime", String(now.getTime() / 1000)];
    expect(
      openssl(["verify", "-x509_strict", ...at, "-CAfile", ROOT, INTERMEDIATE], folder),
    ).toContain("OK");
    const request = "csr/azure-iot-test-only.intermediate.csr.pem";
    expect(openssl(["req", "-verify", "-noout", "-in", request], folder)).toContain("verify OK");
  });

  it("has keys for their owner alone, encrypted with 1234", async () => {
    const folder = scratch();
    await make(folder);
    writeFileSync(join(folder, "password"), "1234\n");
    for (const key of KEYS) {
      expect(statSync(join(folder, key)).mode & 0o777).toBe(0o600);
      expect(textIn(folder, key)).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      const certificate = key.replace("private/", "certs/").replace(".key.", ".cert.");
      const opened = ["pkey", "-in", key, "-passin", "file:password", "-pubout"];
      expect(openssl(opened, folder)).toBe(
        openssl(["x509", "-noout", "-pubkey", "-in", certificate], folder),
      );
    }
    const registry = await openPki(folder);
    if (registry === undefined) throw new Error("no folder");
    // Nobody is asked for a password that is no secret.
    expect((await loadCa(folder, registry, "intermediate")).chain).toHaveLength(2);
  });

  it("lasts as long as is asked for", async () => {
    const { root, intermediate } = await make(scratch(), { days: 365 });
    for (const { notAfter } of [root, intermediate]) {
      expect(notAfter).toEqual(new Date("2031-03-01T12:00:00.000Z"));
    }
    await expect(make(scratch(), { days: 0 })).rejects.toMatchObject({ code: "outside-validity" });
  });

  it("may begin beside other things, which stay as they are", async () => {
    const folder = scratch();
    const mine = {
      "notes.txt": "mine",
      ".gitignore": "mine\n",
      "certs/tls.pem": "mine",
      "certs/a b": "mine",
    };
    mkdirSync(join(folder, "certs"));
    for (const [name, content] of Object.entries(mine)) writeFileSync(join(folder, name), content);
    await make(folder);
    expect(snapshot(folder)).toMatchObject(mine);
  });

  it("goes on with a list and a number that are there", async () => {
    const folder = scratch();
    const row = "R\t300331120000Z\t300301120000Z\t0A\tunknown\t/CN=x\n";
    writeFileSync(join(folder, "index.txt"), row);
    writeFileSync(join(folder, "serial"), "0F\n");
    const { intermediate } = await make(folder);
    expect(intermediate.serialNumber).toBe("0F");
    expect(snapshot(folder)).toMatchObject({
      serial: "10\n",
      "index.txt": row + ROW.replace("01", "0F"),
    });
  });
});

describe("a chain that is there", () => {
  it("is not replaced unasked, and nothing is changed", async () => {
    const folder = scratch();
    await make(folder);
    const before = snapshot(folder);
    await expect(make(folder)).rejects.toMatchObject({
      code: "exists",
      hint: expect.stringContaining("--force"),
    });
    expect(snapshot(folder)).toEqual(before);
  });

  it.each([
    ["a root alone, as the script leaves where there is no terminal", [INTERMEDIATE, "pki.json"]],
    ["keys alone", [ROOT, INTERMEDIATE, "pki.json"]],
    ["a request alone", [ROOT, INTERMEDIATE, ...KEYS, "pki.json"]],
  ])("counts as there with %s", async (_, gone) => {
    const folder = scratch();
    await make(folder);
    for (const path of gone) rmSync(join(folder, path));
    const before = snapshot(folder);
    await expect(make(folder)).rejects.toMatchObject({
      code: "exists",
      hint: expect.stringContaining("--force"),
    });
    expect(snapshot(folder)).toMatchObject(before);
    await make(folder, { force: true });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("is kept with all that it signed when it is replaced, and the lists begin anew", async () => {
    const folder = scratch();
    await make(folder);
    await createScriptCertificate(folder, { kind: "device", commonName: "dev", now });
    mkdirSync(join(folder, "crl"), { recursive: true });
    writeFileSync(join(folder, "crl/ca.crl.pem"), "old");
    writeFileSync(join(folder, "private/my dev.key.pem"), "mine");
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    await assignGroup(folder, "intermediate", "thermostats");
    const before = snapshot(folder);
    const { archive, groups, left, intermediate } = await make(folder, { force: true });
    expect([`${archive}/`, groups]).toEqual([ARCHIVE, ["thermostats"]]);
    // A name that no command of ours or of the script's gives.
    expect(left).toEqual(["private/my dev.key.pem"]);
    const after = snapshot(folder);
    const moved = Object.keys(before).filter((path) =>
      /^(?:certs|private|csr|newcerts|crl)\/[^.][^ ]*$|^index\.txt$|^serial$/.test(path),
    );
    expect(moved).toHaveLength(16);
    for (const path of moved) expect(after[ARCHIVE + path]).toBe(before[path]);
    expect(after).toMatchObject({ serial: "02\n", "index.txt": ROW });
    expect(after["newcerts/01.pem"]).toBe(intermediate.pem);
    expect(after["index.txt.attr"]).toBe("unique_subject = yes\n");
    expect(Object.keys(after).filter((path) => /new-device|newcerts\/02/.test(path))).toEqual(
      moved.filter((path) => /new-device|newcerts\/02/.test(path)).map((path) => ARCHIVE + path),
    );
  });

  it("leaves no archive where there was nothing to replace", async () => {
    const folder = scratch();
    expect((await make(folder, { force: true })).archive).toBeUndefined();
    expect(Object.keys(snapshot(folder)).filter((path) => path.startsWith("old-"))).toEqual([]);
  });

  it.each([
    ["is damaged", "damage", "invalid-certificate"],
    ["is another's", "another", "damaged-folder"],
  ])("of the script whose certificate %s is named, and can be replaced", async (_, how, code) => {
    const [folder, other] = [scratch(), scratch()];
    await make(folder);
    await make(other);
    rmSync(join(folder, "pki.json"));
    const content =
      how === "damage" ? "-----BEGIN CERTIFICATE-----\n" : textIn(other, INTERMEDIATE);
    writeFileSync(join(folder, INTERMEDIATE), content);
    const file = join(folder, INTERMEDIATE);
    await expect(make(folder)).rejects.toMatchObject({ code, file });
    await make(folder, { force: true });
    expect(await flawsOf(folder)).toEqual([]);
    expect(textIn(folder, ARCHIVE + INTERMEDIATE)).toBe(content);
  });

  it("is asked after in index.txt too, where that allows one certificate a name", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    writeFileSync(join(folder, "index.txt"), ROW);
    writeFileSync(join(folder, "serial"), "02\n");
    await expect(make(folder)).rejects.toMatchObject({
      code: "exists",
      file: join(folder, "index.txt"),
    });
  });

  it("is made once when two commands make it side by side", async () => {
    const folder = scratch();
    const outcomes = await Promise.allSettled([make(folder), make(folder)]);
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed).toMatchObject([{ reason: { code: "exists" } }]);
    expect(await flawsOf(folder)).toEqual([]);
  });
});
