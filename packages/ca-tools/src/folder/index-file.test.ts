import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { appendMissingRows, indexRow, indexTime } from "./index-file.ts";

const CONFIG = `
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = new
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`;

/** A CA folder of openssl's own. */
async function opensslFolder(): Promise<string> {
  const folder = scratch();
  const root = await rootCa("Factory Root CA", {
    notBefore: new Date(0),
    notAfter: inDays(36_500),
  });
  mkdirSync(join(folder, "new"));
  const files = {
    "ca.cnf": CONFIG,
    "ca.pem": root.certificate.pem,
    "ca.key": exportPrivateKeyPem(root.privateKey),
    serial: "01\n",
    "index.txt": "",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const indexOf = (folder: string) => readFileSync(join(folder, "index.txt"), "utf8");

describe("indexRow", () => {
  it.each([
    ["ASCII", "dev-1", "301231235959Z"],
    ["signs", 'a/b+c:d"e,f=g\\h#i', "301231235959Z"],
    ["umlauts", "Gerät 7", "301231235959Z"],
    ["Japanese", "装置", "301231235959Z"],
    ["an end in 2049", "dev-1", "491231235959Z"],
    ["an end in 2050", "dev-1", "20500101000000Z"],
  ])("is what `openssl ca` writes for the same certificate: %s", async (_, name, end) => {
    const folder = await opensslFolder();
    const { certificate, privateKey } = await rootCa(name);
    writeFileSync(join(folder, "device.pem"), certificate.pem);
    writeFileSync(join(folder, "device.key"), exportPrivateKeyPem(privateKey));
    const request = ["-ss_cert", "device.pem", "-keyfile", "ca.key"];
    const dates = ["-startdate", "20200101000000Z", "-enddate", end];
    openssl(
      ["ca", "-batch", "-config", "ca.cnf", ...request, ...dates, "-out", "out.pem", "-notext"],
      folder,
    );
    const made = parseCertificate(readFileSync(join(folder, "out.pem"), "utf8"));
    expect(made.commonName).toBe(name);
    expect(`${indexRow(made)}\n`).toBe(indexOf(folder));
  });

  it("is found by `openssl ca -status`, and survives its -updatedb", async () => {
    const folder = await opensslFolder();
    const root = await rootCa("Factory Root CA");
    const short = { profile: "device", notAfter: NOW } as const;
    const { certificate: live } = await issue("Gerät 7", root, { profile: "device" });
    const { certificate: old } = await issue("dev-2", root, {
      ...short,
      notBefore: new Date("2020-01-01T00:00:00Z"),
      notAfter: new Date("2021-01-01T00:00:00Z"),
    });
    await appendMissingRows(join(folder, "index.txt"), [indexRow(live), indexRow(old)]);
    const status = ({ serialNumber }: Certificate) =>
      tryOpenssl(["ca", "-config", "ca.cnf", "-status", serialNumber], folder).output;
    expect(status(live)).toContain(`${live.serialNumber}=Valid (V)`);
    openssl(["ca", "-config", "ca.cnf", "-updatedb"], folder);
    expect(status(old)).toContain(`${old.serialNumber}=Expired (E)`);
    expect(indexOf(folder)).toContain(indexRow(live));
  });
});

describe("indexTime", () => {
  it("is UTCTime up to 2049 and GeneralizedTime from then on", () => {
    expect(indexTime(new Date("2049-12-31T23:59:59.999Z"))).toBe("491231235959Z");
    expect(indexTime(new Date("2050-01-01T00:00:00Z"))).toBe("20500101000000Z");
  });
});

describe("appendMissingRows", () => {
  const A = "V\t300101000000Z\t\t01\tunknown\t/CN=a";
  const B = "V\t300101000000Z\t\t02\tunknown\t/CN=b";

  async function appended(before: string | undefined, ...rows: string[]): Promise<string> {
    const path = join(scratch(), "index.txt");
    if (before !== undefined) writeFileSync(path, before);
    await appendMissingRows(path, rows);
    return readFileSync(path, "utf8");
  }

  it.each([
    ["begins the file", undefined, `${A}\n${B}\n`],
    ["appends", `${A}\n`, `${A}\n${B}\n`],
    ["does so once", `${B}\n${A}\n`, `${B}\n${A}\n`],
    ["mends a row that was cut short", `${A}\n${B.slice(0, 9)}`, `${A}\n${B}\n`],
    ["ends a row that lacks its line feed", `${A}\n${B}`, `${A}\n${B}\n`],
    ["keeps away from somebody else's last row", `R\tx`, `R\tx\n${A}\n${B}\n`],
  ])("%s", async (_, before, after) => {
    expect(await appended(before, A, B)).toBe(after);
  });

  it("touches nothing when there is nothing to add", async () => {
    expect(await appended("R\tx", ...[])).toBe("R\tx");
  });

  property.prop([fc.nat(A.length + B.length + 2)])("goes on wherever it was cut", async (cut) => {
    const whole = `R\tx\n${A}\n${B}\n`;
    expect(await appended(whole.slice(0, 4 + cut), A, B)).toBe(whole);
  });
});
