import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCrl } from "../x509/crl.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createCrl, crlPath } from "./crl.ts";
import { createDevices } from "./devices.ts";
import { type Ca, loadCa } from "./load-ca.ts";
import { revoke } from "./revoke.ts";

const template = mkdtempSync(join(tmpdir(), "ca-tools-"));
let folder: string;

beforeAll(async () => {
  await createRoot(template, { commonName: "Root CA", now: NOW });
  await createIntermediate(template, { commonName: "CA", now: NOW, group: null });
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  folder = scratch();
  cpSync(template, folder, { recursive: true });
});

const registry = async () => (await openPki(folder)) ?? { version: 1 as const, cas: [] };
const load = async (name: string): Promise<Ca> => loadCa(folder, await registry(), name);
const at = (...parts: string[]) => join(folder, ...parts);
const put = (name: string, text: string) => writeFileSync(at(name), text);
const index = () => readFileSync(at("index.txt"), "utf8");

async function device(id: string, issuer = "intermediate"): Promise<string> {
  const [made] = await createDevices(folder, { ids: [id], issuer: await load(issuer), now: NOW });
  return made?.certificate.serialNumber ?? "";
}

const crlOf = async (name: string, now = NOW) => createCrl(folder, { ca: await load(name), now });

async function numberOf(name: string): Promise<bigint | undefined> {
  return (await crlOf(name)).crl.number;
}

describe("createCrl", () => {
  it("puts on each CA's list what this CA issued, and why it is revoked", async () => {
    const [below, top] = [await device("dev-1"), await device("dev-2", "root")];
    await device("dev-3");
    await revoke(folder, { serialNumber: below, reason: "superseded", now: NOW });
    await revoke(folder, { serialNumber: top, now: inDays(1) });
    const made = await crlOf("intermediate", inDays(2));
    expect(made).toMatchObject({
      file: "crl/azure-iot-test-only.intermediate.crl.pem",
      unknown: [],
    });
    expect(parseCrl(readFileSync(at(made.file)))).toMatchObject({
      issuer: "CN=CA",
      thisUpdate: inDays(2),
      nextUpdate: inDays(32),
      entries: [{ serialNumber: below, at: NOW, reason: "superseded" }],
    });
    expect((await crlOf("root")).crl.entries).toEqual([{ serialNumber: top, at: inDays(1) }]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("has `openssl verify -crl_check_all` refuse what is revoked, and nothing else", async () => {
    await Promise.all(["good", "bad"].map((id) => device(id)));
    const bad = /([0-9A-F]{32})\tunknown\t\/CN=bad/.exec(index())?.[1] ?? "";
    await revoke(folder, { serialNumber: bad, now: NOW });
    const crls = [await crlOf("root"), await crlOf("intermediate")].map(({ crl }) => crl.pem);
    put("crls.pem", crls.join(""));
    const verify = (id: string) =>
      tryOpenssl(
        [
          ...["verify", "-x509_strict", "-crl_check_all", "-attime", `${NOW.getTime() / 1000 + 1}`],
          ...["-CAfile", "certs/azure-iot-test-only.root.ca.cert.pem", "-CRLfile", "crls.pem"],
          ...["-untrusted", "certs/azure-iot-test-only.intermediate.cert.pem"],
          `certs/${id}.cert.pem`,
        ],
        folder,
      );
    expect(verify("good")).toMatchObject({ status: 0 });
    expect(verify("bad").output).toContain("certificate revoked");
  });

  it("lists what `openssl ca -gencrl` lists for a folder with one CA", async () => {
    const folderOfOne = scratch();
    folder = folderOfOne;
    await createRoot(folder, { commonName: "Root CA", now: new Date() });
    const serials = await Promise.all(["a", "b", "c"].map((id) => deviceNow(id)));
    const reasons = ["CACompromise", undefined, "unspecified"];
    for (const [n, serialNumber] of serials.entries()) {
      const reason = reasons[n];
      await revoke(folder, { serialNumber, now: new Date(), ...(reason && { reason }) });
    }
    const { crl } = await crlOf("root", new Date());
    const cnf = at("ca.cnf");
    writeFileSync(
      cnf,
      `[ca]\ndefault_ca=h\n[h]\ndatabase=${at("index.txt")}\ncrlnumber=${at("crlnumber")}\n` +
        `certificate=${at("certs", "azure-iot-test-only.root.ca.cert.pem")}\ndefault_md=sha256\n` +
        `private_key=${at("private", "azure-iot-test-only.root.ca.key.pem")}\ndefault_crl_days=30\n`,
    );
    const theirs = parseCrl(openssl(["ca", "-config", cnf, "-gencrl"]));
    const sorted = (entries: typeof crl.entries) =>
      entries
        .map(({ reason, ...entry }) =>
          reason && reason !== "unspecified" ? { ...entry, reason } : entry,
        )
        .sort((one, two) => one.serialNumber.localeCompare(two.serialNumber));
    expect(sorted(crl.entries)).toEqual(sorted(theirs.entries));
    // Theirs is the next, and ours goes on behind it.
    expect([crl.number, theirs.number, (await crlOf("root", new Date())).crl.number]).toEqual([
      1n,
      2n,
      3n,
    ]);
  });

  async function deviceNow(id: string): Promise<string> {
    const options = { ids: [id], issuer: await load("root"), now: new Date() };
    return (await createDevices(folder, options))[0]?.certificate.serialNumber ?? "";
  }

  it("keeps what has expired on the list", async () => {
    const serialNumber = await device("dev-1");
    await revoke(folder, { serialNumber, now: NOW });
    const made = await crlOf("intermediate", inDays(100));
    expect(made.crl.entries).toMatchObject([{ serialNumber }]);
  });

  it("includes what no CA can be told for, and says so", async () => {
    const [gone, damaged, swapped] = [await device("a"), await device("b"), await device("c")];
    for (const serialNumber of [gone, damaged, swapped]) {
      await revoke(folder, { serialNumber, now: NOW });
    }
    rmSync(at("newcerts", `${gone}.pem`));
    put(`newcerts/${damaged}.pem`, "damaged");
    put(`newcerts/${swapped}.pem`, readFileSync(at("certs", "a.cert.pem"), "utf8"));
    for (const name of ["root", "intermediate"]) {
      const { crl, unknown } = await crlOf(name);
      expect(unknown).toEqual([gone, damaged, swapped]);
      expect(crl.entries.map(({ serialNumber }) => serialNumber)).toEqual(unknown);
    }
  });

  it("leaves out what a CA that was replaced has issued, and goes on counting", async () => {
    await revoke(folder, { serialNumber: await device("dev-1"), now: NOW });
    expect(await numberOf("intermediate")).toBe(1n);
    await createRoot(folder, { commonName: "Root CA", now: NOW, force: true });
    expect((await crlOf("root")).crl).toMatchObject({ entries: [], number: 2n });
  });

  it("takes no reason that would take the revocation back", async () => {
    await revoke(folder, { serialNumber: await device("dev-1"), reason: "superseded", now: NOW });
    put("index.txt", index().replace("superseded", "removeFromCRL"));
    const [entry] = (await crlOf("intermediate")).crl.entries;
    expect(Object.keys(entry ?? {}).sort()).toEqual(["at", "serialNumber"]);
  });

  it("lists a serial number once, that of the row that comes first", async () => {
    const serialNumber = await device("dev-1");
    await revoke(folder, { serialNumber, now: NOW });
    put(
      "index.txt",
      `${index()}R\t300101000000Z\t310101000000Z\t${serialNumber}\tunknown\t/CN=x\n`,
    );
    expect((await crlOf("intermediate")).crl.entries).toEqual([{ serialNumber, at: NOW }]);
  });

  it("refuses days that are none, a CA that is over, and one that was replaced", async () => {
    const ca = await load("root");
    const make = (days: number, now = NOW) => createCrl(folder, { ca, now, days });
    await expect(make(0)).rejects.toMatchObject({ code: "outside-validity" });
    await expect(make(30, inDays(400))).rejects.toMatchObject({ code: "outside-validity" });
    await createRoot(folder, { commonName: "Root CA", now: NOW, force: true });
    const before = snapshot(folder);
    await expect(make(30)).rejects.toMatchObject({ code: "locked" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("may promise the next list for when the CA is over", async () => {
    const { crl } = await createCrl(folder, { ca: await load("root"), now: NOW, days: 1000 });
    expect(crl.nextUpdate).toEqual(inDays(1000));
  });
});

describe("the number of a CRL", () => {
  const crlnumber = () => readFileSync(at("crlnumber"), "utf8");
  const recorded = async () => (await registry()).cas.map(({ crlNumber }) => crlNumber);

  it("is each CA's own, is recorded, and keeps openssl's ahead", async () => {
    expect([
      await numberOf("root"),
      await numberOf("root"),
      await numberOf("intermediate"),
    ]).toEqual([1n, 2n, 1n]);
    expect(await recorded()).toEqual([2, 1]);
    expect(crlnumber()).toBe("03\n");
  });

  it("goes on from the CRL that lies there where pki.json knows less", async () => {
    await numberOf("root");
    await numberOf("root");
    put(
      "pki.json",
      readFileSync(at("pki.json"), "utf8").replace('"crlNumber": 2', '"crlNumber": 1'),
    );
    put("crlnumber", "01\n");
    expect(await numberOf("root")).toBe(3n);
    rmSync(at(crlPath("root")));
    expect(await numberOf("root")).toBe(4n);
    put(crlPath("root"), "damaged");
    expect(await numberOf("root")).toBe(5n);
  });

  it("goes on from openssl's, which may have been any CA's", async () => {
    await numberOf("root");
    put("crlnumber", "FF\n");
    expect(await numberOf("intermediate")).toBe(255n);
    expect(await recorded()).toEqual([254, 255]);
    expect(crlnumber()).toBe("0100\n");
    expect(await numberOf("root")).toBe(255n);
  });

  it("begins where crlnumber is missing, and names one that is damaged", async () => {
    rmSync(at("crlnumber"));
    expect(await numberOf("root")).toBe(1n);
    expect(crlnumber()).toBe("02\n");
    put("crlnumber", "1\n");
    await expect(crlOf("root")).rejects.toMatchObject({
      code: "damaged-folder",
      file: at("crlnumber"),
      hint: expect.stringContaining("01"),
    });
  });

  it("has an end, which is told", async () => {
    put("crlnumber", "1FFFFFFFFFFFFF\n");
    expect(await numberOf("root")).toBe(BigInt(Number.MAX_SAFE_INTEGER));
    await expect(crlOf("root")).rejects.toMatchObject({ code: "invalid-crl" });
  });
});
