import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { appendMissingRows, indexRow, readIndex, uniqueSubject } from "./index-file.ts";
import type { IndexEntry } from "./index-row.ts";

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

describe("readIndex", () => {
  const row = (serial: string) => `V\t300101000000Z\t\t${serial}\tunknown\t/CN=a\n`;

  it("may begin behind rows that are known, and counts them when it names a line", async () => {
    const path = join(scratch(), "index.txt");
    writeFileSync(path, `${row("01")}${row("02")}`);
    const serials: string[] = [];
    for await (const entry of readIndex(path, row("01").length)) serials.push(entry.serialNumber);
    expect(serials).toEqual(["02"]);
    writeFileSync(path, `${row("01")}${row("02")}no row\n`);
    const reading = readIndex(path, row("01").length);
    await reading.next();
    await expect(reading.next()).rejects.toMatchObject({
      code: "damaged-folder",
      message: expect.stringContaining("line 3"),
    });
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

  it("does not take a row for missing that was revoked since", async () => {
    const revoked = A.replace("V", "R").replace("\t\t", "\t290101000000Z\t");
    expect(await appended(`${revoked}\n`, A, B)).toBe(`${revoked}\n${B}\n`);
  });

  it("finds rows whose lines an editor ended in its own way", async () => {
    expect(await appended(`${A}\r\n`, A, B)).toBe(`${A}\r\n${B}\n`);
  });

  it("touches nothing when there is nothing to add", async () => {
    expect(await appended("R\tx", ...[])).toBe("R\tx");
  });

  property.prop([fc.nat(A.length + B.length + 2)])("goes on wherever it was cut", async (cut) => {
    const whole = `R\tx\n${A}\n${B}\n`;
    expect(await appended(whole.slice(0, 4 + cut), A, B)).toBe(whole);
  });
});

/** Reads an index.txt of these lines. */
async function read(text: string | Uint8Array): Promise<IndexEntry[]> {
  const path = join(scratch(), "index.txt");
  writeFileSync(path, text);
  const entries: IndexEntry[] = [];
  for await (const entry of readIndex(path)) entries.push(entry);
  return entries;
}

describe("readIndex", () => {
  const row = (...fields: string[]) => `${fields.join("\t")}\n`;
  const rest = ["unknown", "/CN=a"];

  it("reads valid, revoked and expired rows", async () => {
    const text =
      row("V", "300101000000Z", "", "01", ...rest) +
      row("R", "20500101000000Z", "290203040506Z,keyCompromise", "0aFF", ...rest) +
      row("E", "200101000000Z", "", "03", "unknown", "/O=x/CN=b c");
    expect(await read(text)).toMatchObject([
      { status: "V", notAfter: new Date("2030-01-01T00:00:00Z"), serialNumber: "01" },
      {
        status: "R",
        notAfter: new Date("2050-01-01T00:00:00Z"),
        revocation: { at: new Date("2029-02-03T04:05:06Z"), reason: "keyCompromise" },
        serialNumber: "0AFF",
      },
      { status: "E", revocation: undefined, subject: "/O=x/CN=b c" },
    ]);
  });

  it.each<[string, object]>([
    ["290101000000Z", { at: new Date("2029-01-01T00:00:00Z") }],
    ["290101000000Z,CACompromise", { reason: "CACompromise" }],
    ["290101000000Z,cacompromise", { reason: "CACompromise" }],
    ["290101000000Z,removeFromCRL", { reason: "removeFromCRL" }],
    ["290101000000Z,holdInstruction,1.2.840.10040.2.3", { reason: "certificateHold" }],
    [
      "290101000000Z,keyTime,20281224000000Z",
      { reason: "keyCompromise", invalidSince: new Date("2028-12-24T00:00:00Z") },
    ],
    ["290101000000Z,CAkeyTime,20281224000000Z", { reason: "CACompromise" }],
  ])("reads the revocation %s", async (field, revocation) => {
    const [entry] = await read(row("R", "300101000000Z", field, "01", ...rest));
    expect(entry?.revocation).toMatchObject(revocation);
  });

  it("reads what `openssl ca -revoke` writes, whatever the reason", async () => {
    const folder = await opensslFolder();
    const root = await rootCa("Factory Root CA");
    const options = [
      [],
      ["-crl_reason", "cessationOfOperation"],
      ["-crl_hold", "holdInstructionReject"],
      ["-crl_compromise", "20281224000000Z"],
      ["-crl_CA_compromise", "20281224000000Z"],
    ];
    for (const [at, option] of options.entries()) {
      const { certificate } = await issue(`dev-${at}`, root, { profile: "device" });
      writeFileSync(join(folder, "dev.pem"), certificate.pem);
      openssl(["ca", "-config", "ca.cnf", "-revoke", "dev.pem", ...option], folder);
    }
    const found = await read(indexOf(folder));
    expect(found.map(({ revocation }) => revocation?.reason)).toEqual([
      undefined,
      "cessationOfOperation",
      "certificateHold",
      "keyCompromise",
      "CACompromise",
    ]);
  });

  it.each([
    ["CRLF", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a last line without its end", (text: string) => text.slice(0, -1)],
    ["comments", (text: string) => `# made by hand\n${text}`],
  ])("takes %s", async (_, form) => {
    const text = row("V", "300101000000Z", "", "01", ...rest).repeat(2);
    expect(await read(form(text))).toMatchObject([{ subject: "/CN=a" }, { subject: "/CN=a" }]);
  });

  it("finds nothing in an empty file, or where there is none", async () => {
    expect(await read("")).toEqual([]);
    expect(await readIndex(join(scratch(), "index.txt")).next()).toMatchObject({ done: true });
  });

  const good = row("V", "300101000000Z", "", "01", ...rest);
  const bad: Record<string, string> = {
    "too few fields": row("V", "300101000000Z", "", "02", "unknown"),
    "too many fields": row("V", "300101000000Z", "", "02", ...rest, "x"),
    "an empty line": "\n",
    "another status": row("X", "300101000000Z", "", "02", ...rest),
    "a date that is none": row("V", "301301000000Z", "", "02", ...rest),
    "an odd serial number": row("V", "300101000000Z", "", "2", ...rest),
    "a serial number that is a path": row("V", "300101000000Z", "", "../../x", ...rest),
    "a serial number without end": row("V", "300101000000Z", "", "02".repeat(33), ...rest),
    "no serial number": row("V", "300101000000Z", "", "", ...rest),
    "a revoked row without date": row("R", "300101000000Z", "", "02", ...rest),
    "a valid row with one": row("V", "300101000000Z", "290101000000Z", "02", ...rest),
    "a reason that is none": row("R", "300101000000Z", "290101000000Z,boredom", "02", ...rest),
    "NUL bytes": "\0".repeat(100),
    "a row that was cut off": good.slice(0, 20),
  };

  it.each(Object.entries(bad))("names file and line of %s", async (_, line) => {
    await expect(read(good + line + good)).rejects.toMatchObject({
      code: "damaged-folder",
      file: expect.stringMatching(/index\.txt$/),
      message: expect.stringContaining("line 2 "),
      hint: expect.stringContaining("line 2"),
    });
  });

  it("reads no line that has no end", async () => {
    await expect(read("x".repeat(200_000))).rejects.toMatchObject({ code: "damaged-folder" });
  });

  it("reads rows that lie across the parts it reads at a time", async () => {
    const rows = Array.from({ length: 3000 }, (_, n) =>
      row("V", "300101000000Z", "", "01", "unknown", `/CN=${"ü".repeat(n % 40)}-${n}`),
    );
    const found = await read(rows.join(""));
    expect(found.map(({ subject }) => subject)).toEqual(
      rows.map((line) => line.trimEnd().split("\t")[5]),
    );
  });

  property.prop([fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 3 })])(
    "answers or refuses, whatever bytes are changed",
    async (at, bytes) => {
      const text = Buffer.from(good + row("R", "300101000000Z", "290101000000Z", "02", ...rest));
      const place = at % text.length;
      text.set(bytes.subarray(0, text.length - place), place);
      await read(text).catch((error: unknown) => expect(error).toBeInstanceOf(CaToolsError));
    },
  );
});

describe("uniqueSubject", () => {
  async function asked(attributes: string | undefined): Promise<boolean> {
    const folder = scratch();
    if (attributes !== undefined) writeFileSync(join(folder, "index.txt.attr"), attributes);
    return await uniqueSubject(folder);
  }

  const CASES: [string | undefined, boolean][] = [
    [undefined, true],
    ["", true],
    ["unique_subject = yes\n", true],
    ["unique_subject = no\n", false],
    ["unique_subject=NO\r\n", false],
    ['unique_subject = "no"\n', false],
    ["# unique_subject = yes\nunique_subject = false # as it is\n", false],
    ["unique_subject = no\nunique_subject = yes\n", true],
    ["[other]\nunique_subject = no\n", true],
  ];

  it.each(CASES)("for %j is %s", async (attributes, expected) => {
    expect(await asked(attributes)).toBe(expected);
  });

  it.each(CASES)("for %j is what `openssl ca` goes by", async (attributes, expected) => {
    const folder = await opensslFolder();
    writeFileSync(join(folder, "ca.cnf"), CONFIG.replace("unique_subject = no\n", ""));
    if (attributes !== undefined) writeFileSync(join(folder, "index.txt.attr"), attributes);
    const twice = ["01", "02"].map((serial) =>
      ["V", "400101000000Z", "", serial, "unknown", "/CN=a"].join("\t"),
    );
    writeFileSync(join(folder, "index.txt"), `${twice.join("\n")}\n`);
    const { status } = tryOpenssl(["ca", "-config", "ca.cnf", "-updatedb"], folder);
    expect(status !== 0).toBe(expected);
  });
});
