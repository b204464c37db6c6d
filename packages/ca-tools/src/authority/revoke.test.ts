import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices } from "./devices.ts";
import { loadCa } from "./load-ca.ts";
import { findIssued, revoke } from "./revoke.ts";

const template = mkdtempSync(join(tmpdir(), "ca-tools-"));
let folder: string;
let serialNumber: string;

beforeAll(async () => {
  await createRoot(template, { commonName: "Root CA", now: NOW });
  await createIntermediate(template, { commonName: "CA", now: NOW, group: null });
  const registry = (await openPki(template)) ?? { version: 1, cas: [] };
  const issuer = await loadCa(template, registry, "intermediate");
  const made = await createDevices(template, { ids: ["dev-1", "dev-2"], issuer, now: NOW });
  serialNumber = made[0]?.certificate.serialNumber ?? "";
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  folder = scratch();
  cpSync(template, folder, { recursive: true });
});

const index = () => readFileSync(join(folder, "index.txt"), "utf8");

/** A configuration of `openssl ca` for this folder. */
function config(): string {
  const path = join(scratch(), "ca.cnf");
  const ca = "$dir/certs/azure-iot-test-only.root.ca.cert.pem";
  const key = "$dir/private/azure-iot-test-only.root.ca.key.pem";
  writeFileSync(
    path,
    `[ca]\ndefault_ca=here\n[here]\ndir=${folder}\ndatabase=$dir/index.txt\nserial=$dir/serial\n` +
      `new_certs_dir=$dir/newcerts\ncertificate=${ca}\nprivate_key=${key}\ndefault_md=sha256\n` +
      "default_days=10\npolicy=any\n[any]\ncommonName=supplied\n",
  );
  return path;
}

describe("revoke", () => {
  it("marks the one row, which `openssl ca` then takes for revoked", async () => {
    const others = index()
      .split("\n")
      .filter((row) => !row.includes(serialNumber));
    const revoked = await revoke(folder, { serialNumber, reason: "keycompromise", now: NOW });
    expect(revoked).toEqual({
      serialNumber,
      subject: "/CN=dev-1",
      at: NOW,
      reason: "keyCompromise",
    });
    expect(index()).toContain(
      `\t300301120000Z,keyCompromise\t${serialNumber}\tunknown\t/CN=dev-1\n`,
    );
    for (const row of others) expect(index()).toContain(row);
    expect(await flawsOf(folder)).toEqual([]);
    const cnf = ["ca", "-config", config()];
    const status = tryOpenssl([...cnf, "-status", serialNumber]).output;
    expect(status).toContain(`${serialNumber}=Revoked (R)`);
    openssl([...cnf, "-updatedb"]);
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(["req", "-new", "-subj", "/CN=dev-3", ...ec, "-keyout", "k", "-out", "r"], folder);
    openssl([...cnf, "-batch", "-notext", "-in", "r", "-out", "c"], folder);
    expect(index()).toMatch(/R\t.*keyCompromise[\s\S]*\/CN=dev-3\n$/);
  });

  it("writes the row that `openssl ca -revoke` writes", async () => {
    const twin = scratch();
    writeFileSync(join(twin, "index.txt"), index());
    writeFileSync(join(twin, "index.txt.attr"), "unique_subject = no\n");
    const cnf = join(twin, "ca.cnf");
    writeFileSync(cnf, readFileSync(config(), "utf8").replace("$dir/index.txt", "index.txt"));
    const file = join(folder, "newcerts", `${serialNumber}.pem`);
    const at = ["-crl_reason", "superseded"];
    openssl(["ca", "-config", cnf, "-revoke", file, ...at], twin);
    await revoke(folder, { serialNumber, reason: "superseded", now: new Date() });
    const withoutSeconds = (text: string) => text.replace(/(R\t\d+Z\t\d{8})\d+Z/, "$1");
    expect(withoutSeconds(index())).toBe(
      withoutSeconds(readFileSync(join(twin, "index.txt"), "utf8")),
    );
  });

  it.each<[string, (serial: string) => string]>([
    ["in lower case", (serial) => serial.toLowerCase()],
    ["with colons", (serial) => serial.match(/../g)?.join(":") ?? ""],
    ["with zeros in front", (serial) => `0x00${serial}`],
  ])("takes a serial number %s", async (_, form) => {
    expect(await revoke(folder, { serialNumber: form(serialNumber), now: NOW })).toEqual({
      serialNumber,
      subject: "/CN=dev-1",
      at: NOW,
    });
  });

  it("revokes what has expired", async () => {
    writeFileSync(join(folder, "index.txt"), index().replaceAll(/^V/gm, "E"));
    await revoke(folder, { serialNumber, now: NOW });
    expect(index()).toMatch(new RegExp(`^R\t.*${serialNumber}`, "m"));
  });

  it("refuses what is revoked, and says since when", async () => {
    await revoke(folder, { serialNumber, reason: "superseded", now: NOW });
    const before = snapshot(folder);
    await expect(revoke(folder, { serialNumber, now: inDays(1) })).rejects.toMatchObject({
      code: "exists",
      message: expect.stringMatching(/2030-03-01T12:00:00.000Z already \(superseded\)/),
    });
    expect(snapshot(folder)).toEqual(before);
  });

  it.each(["01", "", "dev-1", "../x", "zz", ":"])("does not find %j", async (unknown) => {
    const before = snapshot(folder);
    const revoking = revoke(folder, { serialNumber: unknown, now: NOW });
    await expect(revoking).rejects.toMatchObject({ code: "not-found" });
    expect(snapshot(folder)).toEqual(before);
  });

  it.each(["boredom", "removeFromCRL", "certificateHold", ""])(
    "takes %j for no reason",
    async (reason) => {
      const revoking = revoke(folder, { serialNumber, reason, now: NOW });
      await expect(revoking).rejects.toMatchObject({ code: "invalid-name" });
    },
  );

  it("begins no folder", async () => {
    const nowhere = join(scratch(), "pki");
    const revoking = revoke(nowhere, { serialNumber, now: NOW });
    await expect(revoking).rejects.toMatchObject({ code: "not-found" });
    expect(existsSync(nowhere)).toBe(false);
  });

  it("names the damaged row of index.txt, and changes nothing", async () => {
    writeFileSync(join(folder, "index.txt"), `${index()}V\tdamaged\n`);
    const before = snapshot(folder);
    await expect(revoke(folder, { serialNumber, now: NOW })).rejects.toMatchObject({
      code: "damaged-folder",
      message: expect.stringContaining("line 4"),
    });
    expect(snapshot(folder)).toEqual(before);
  });

  it("loses none of several at once", async () => {
    const all = index().match(/[0-9A-F]{32}/g) ?? [];
    await Promise.all(all.map((one) => revoke(folder, { serialNumber: one, now: NOW })));
    expect(index().match(/^R/gm)).toHaveLength(3);
  });
});

describe("findIssued", () => {
  it("knows CAs by name, devices by id, and both by serial number", async () => {
    expect(await findIssued(folder, "dev-1")).toEqual([{ is: "device", serialNumber }]);
    expect(await findIssued(folder, serialNumber.toLowerCase())).toEqual([
      { is: "serial number", serialNumber },
    ]);
    expect(await findIssued(folder, "intermediate")).toMatchObject([{ is: "ca" }]);
    expect(await findIssued(folder, "nobody")).toEqual([]);
  });

  it("tells of every certificate that is meant", async () => {
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    const issuer = await loadCa(folder, registry, "root");
    await createDevices(folder, { ids: [serialNumber], issuer, now: NOW });
    const found = await findIssued(folder, serialNumber);
    expect(found.map(({ is }) => is)).toEqual(["device", "serial number"]);
  });
});
