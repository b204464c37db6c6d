import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { evenHex, nextSerial, readCounter } from "./serial-file.ts";

/** A folder with this `serial`, and certificates of these serial numbers. */
function folderWith(serial: string | undefined, ...issued: string[]): string {
  const folder = scratch();
  mkdirSync(join(folder, "newcerts"));
  if (serial !== undefined) writeFileSync(join(folder, "serial"), serial);
  for (const one of issued) writeFileSync(join(folder, "newcerts", `${one}.pem`), "");
  return folder;
}

describe("nextSerial", () => {
  it.each([
    ["01\n", "01", "02\n"],
    ["0F\n", "0F", "10\n"],
    ["7F\n", "7F", "80\n"],
    ["FF\n", "FF", "0100\n"],
    ["ff\r\n", "FF", "0100\n"],
    ["0A", "0A", "0B\n"],
    ["0001\n", "01", "02\n"],
    ["00\n", "01", "02\n"],
    [
      "4D1E0000000000000000000000000000000000FF\n",
      undefined,
      "4D1E000000000000000000000000000000000100\n",
    ],
  ])("of %j gives %s and leaves %j", async (content, given, left) => {
    const { serialNumber, file } = await nextSerial(folderWith(content));
    expect(serialNumber).toBe(given ?? content.trim());
    expect(file).toEqual({ path: "serial", data: left, replace: true });
  });

  it("passes over numbers that a certificate has", async () => {
    const folder = folderWith("0F\n", "0F", "10", "12");
    expect(await nextSerial(folder)).toMatchObject({
      serialNumber: "11",
      file: { data: "12\n" },
    });
  });

  it.each([
    ["an odd number of digits", "1\n", /even.*: 01$/],
    ["no number", "xyz\n", /even number of hex digits/],
    ["nothing", "", /even number of hex digits/],
    ["a sign", "-01\n", /even number of hex digits/],
    ["two numbers", "01\n02\n", /even number of hex digits/],
    ["more than 20 bytes", `${"01".repeat(21)}\n`, /even number of hex digits/],
    ["the last number that there is", `${"FF".repeat(20)}\n`, /even number of hex digits/],
    ["no file", undefined, /even number of hex digits/],
  ])("names the file, and the mend, for %s", async (_, content, hint) => {
    const folder = folderWith(content);
    await expect(nextSerial(folder)).rejects.toMatchObject({
      code: "damaged-folder",
      file: join(folder, "serial"),
      hint: expect.stringMatching(hint),
    });
  });

  it.each(["0F", "7F", "FF", "7FFF", "FFFFFFFFFFFFFFFF"])(
    "counts as `openssl ca` does from %s",
    async (before) => {
      const folder = folderWith(`${before}\n`);
      const config =
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=newcerts\n" +
        "certificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
      writeFileSync(join(folder, "ca.cnf"), config);
      writeFileSync(join(folder, "index.txt"), "");
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      openssl(
        ["req", "-x509", "-subj", "/CN=ca", ...key, "-keyout", "ca.key", "-out", "ca.pem"],
        folder,
      );
      openssl(["req", "-new", "-subj", "/CN=dev", "-key", "ca.key", "-out", "csr"], folder);
      const expected = await nextSerial(folder);
      const options = ["-batch", "-notext", "-days", "1", "-in", "csr", "-out", "out"];
      openssl(["ca", "-config", "ca.cnf", ...options], folder);
      expect(readFileSync(join(folder, "serial"), "utf8")).toBe(expected.file.data);
      expect(readFileSync(join(folder, "newcerts", `${expected.serialNumber}.pem`), "utf8")).toBe(
        readFileSync(join(folder, "out"), "utf8"),
      );
    },
  );
});

describe("readCounter", () => {
  it("tells of no file", async () => {
    expect(await readCounter(scratch(), "crlnumber")).toBeUndefined();
  });

  property.prop([fc.bigInt({ min: 0n, max: 2n ** 160n - 1n })])(
    "reads what is written",
    async (value) => {
      const folder = folderWith(`${evenHex(value)}\n`);
      expect(await readCounter(folder, "serial")).toBe(value);
    },
  );
});
