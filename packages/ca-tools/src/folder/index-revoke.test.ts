import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { scratch } from "../testing/scratch.ts";
import { plainSerial, type RowRevocation, revokeRows } from "./index-revoke.ts";

const held = { assertHeld: async () => undefined };
const FIELD = "290203040506Z,superseded";

async function revoked(
  before: string | Buffer,
  ...revocations: RowRevocation[]
): Promise<{ text: string; folder: string }> {
  const folder = scratch();
  const path = join(folder, "index.txt");
  writeFileSync(path, before);
  await revokeRows(path, revocations, held);
  return { text: readFileSync(path, "latin1"), folder };
}

describe("revokeRows", () => {
  const row = (status: string, revocation: string, serial: string) =>
    `${status}\t300101000000Z\t${revocation}\t${serial}\tunknown\t/CN=a\n`;

  it("marks valid and expired rows, and leaves the date of a revoked one as it is", async () => {
    const before = row("V", "", "01") + row("E", "", "02") + row("V", "", "03");
    const wanted = ["01", "02"].map((serialNumber) => ({ serialNumber, field: FIELD }));
    const after = row("R", FIELD, "01") + row("R", FIELD, "02") + row("V", "", "03");
    expect((await revoked(before, ...wanted)).text).toBe(after);
    const again = wanted.map((one) => ({ ...one, field: "310101000000Z" }));
    expect((await revoked(after, ...again)).text).toBe(after);
  });

  it("finds a serial number in any form of it", async () => {
    for (const serialNumber of ["0AFF", "aff", "0a:ff", "000AFF", "0x0aff"]) {
      const { text } = await revoked(row("V", "", "0AFF"), { serialNumber, field: FIELD });
      expect(text).toBe(row("R", FIELD, "0AFF"));
    }
    expect(plainSerial("00")).toBe("");
  });

  it("leaves every other byte alone", async () => {
    const odd = Buffer.concat([
      Buffer.from("# a comment\r\nV\t1\t\t01\n\n"),
      Buffer.from([0xff, 0xc3, 0x28, 0x00, 0x0a]),
      Buffer.from("V\t300101000000Z\t\t02\tunknown\t/CN=\xfc\r\n", "latin1"),
      Buffer.from("V\t300101000000Z\t\t03\tunknown\t/CN=cut"),
    ]);
    const wanted = ["02", "03"].map((serialNumber) => ({ serialNumber, field: FIELD }));
    const { text } = await revoked(odd, ...wanted);
    const expected = odd.toString("latin1").replace(/V(\t300101000000Z\t)/g, `R$1${FIELD}`);
    expect(text).toBe(expected);
  });

  it("keeps the file's mode, and leaves nothing else behind", async () => {
    const folder = scratch();
    const path = join(folder, "index.txt");
    writeFileSync(path, row("V", "", "01"));
    chmodSync(path, 0o600);
    await revokeRows(path, [{ serialNumber: "01", field: FIELD }], held);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["index.txt"]);
  });

  it("changes nothing when the lock was lost meanwhile", async () => {
    const folder = scratch();
    const path = join(folder, "index.txt");
    writeFileSync(path, row("V", "", "01"));
    const assertHeld = () => Promise.reject(new CaToolsError("locked", "lost"));
    const revoking = revokeRows(path, [{ serialNumber: "01", field: FIELD }], { assertHeld });
    await expect(revoking).rejects.toMatchObject({ code: "locked" });
    expect(readFileSync(path, "utf8")).toBe(row("V", "", "01"));
    expect(readdirSync(folder)).toEqual(["index.txt"]);
  });

  it("goes through many rows", async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) =>
      row("V", "", n.toString(16).toUpperCase().padStart(32, "4")),
    );
    const serialNumber = rows[15_000]?.split("\t")[3] ?? "";
    const { text } = await revoked(rows.join(""), { serialNumber, field: FIELD });
    rows[15_000] = row("R", FIELD, serialNumber);
    expect(text === rows.join("")).toBe(true);
  });
});
