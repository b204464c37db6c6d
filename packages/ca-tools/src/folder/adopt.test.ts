import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { opensslAuthority } from "../testing/openssl-authority.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { adoptScriptFolder } from "./adopt.ts";
import { changePki, openPki } from "./pki.ts";

const ROOT = "certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "certs/azure-iot-test-only.intermediate.cert.pem";

/** A folder in the scripts' layout, without a file of ours. */
function scriptFolder(): string {
  const folder = scratch();
  opensslAuthority(folder, scratch()).begin();
  return folder;
}

const sha256In = (folder: string, file: string) =>
  parseCertificate(readFileSync(join(folder, file), "utf8")).sha256;
const change = (folder: string, path = "certs/dev.cert.pem") =>
  changePki(folder, () => ({ files: [{ path, data: "x" }] }));

describe("a folder that the scripts began", () => {
  it("is read as one with a root and an intermediate, and stays as it is", async () => {
    const folder = scriptFolder();
    const before = snapshot(folder);
    const common = { group: null, generation: 1 };
    const wanted = {
      version: 1,
      cas: [
        {
          ...{ name: "root", file: "azure-iot-test-only.root.ca", issuer: null, ...common },
          sha256: sha256In(folder, ROOT),
        },
        {
          ...{ name: "intermediate", file: "azure-iot-test-only.intermediate", issuer: "root" },
          ...{ ...common, sha256: sha256In(folder, INTERMEDIATE) },
        },
      ],
    };
    expect(await adoptScriptFolder(folder)).toEqual(wanted);
    expect(await openPki(folder)).toEqual(wanted);
    expect(snapshot(folder)).toEqual(before);
  });

  it("has its CAs listed by the first change, and keeps its own rules", async () => {
    const folder = scriptFolder();
    const before = snapshot(folder);
    const cas = (await openPki(folder))?.cas;
    await change(folder);
    expect(JSON.parse(readFileSync(join(folder, "pki.json"), "utf8"))).toEqual({ version: 1, cas });
    // index.txt.attr says that each name is given once; what openssl keeps as .old is left alone.
    expect(snapshot(folder)).toMatchObject(before);
    expect(before["index.txt.attr"]).toBe("unique_subject = yes\n");
  });

  it("may have a root alone", async () => {
    const folder = scriptFolder();
    rmSync(join(folder, INTERMEDIATE));
    expect((await openPki(folder))?.cas).toMatchObject([{ name: "root" }]);
  });

  it("is no PKI folder without a root", async () => {
    const folder = scriptFolder();
    rmSync(join(folder, ROOT));
    expect(await adoptScriptFolder(folder)).toBeUndefined();
    await expect(openPki(folder)).rejects.toMatchObject({ code: "not-a-pki-folder" });
    expect(await openPki(folder, { shared: true })).toBeUndefined();
  });

  it.each([
    ["empty", ROOT, ""],
    ["cut short", ROOT, "-----BEGIN CERTIFICATE-----\nMIIB\n"],
    ["of NULs", INTERMEDIATE, "\0".repeat(100)],
  ])("is named by the certificate that is damaged: %s", async (_, path, content) => {
    const folder = scriptFolder();
    writeFileSync(join(folder, path), content);
    const before = snapshot(folder);
    const refusal = {
      code: "invalid-certificate",
      file: join(folder, path),
      hint: expect.stringContaining("create_root_and_intermediate --force"),
    };
    await expect(openPki(folder)).rejects.toMatchObject(refusal);
    await expect(change(folder)).rejects.toMatchObject(refusal);
    expect(snapshot(folder)).toEqual(before);
    // Who is about to replace the chain needs no sound one.
    expect(await openPki(folder, { shared: true, replacing: true })).toBeUndefined();
  });

  it("is not adopted with an intermediate that the root did not sign", async () => {
    const [folder, other] = [scriptFolder(), scriptFolder()];
    writeFileSync(join(folder, INTERMEDIATE), readFileSync(join(other, INTERMEDIATE)));
    await expect(openPki(folder)).rejects.toMatchObject({
      code: "damaged-folder",
      file: join(folder, INTERMEDIATE),
    });
  });

  it("is told by its pki.json where it has one", async () => {
    const folder = scriptFolder();
    writeFileSync(join(folder, "pki.json"), '{"version":1,"cas":[]}');
    expect(await openPki(folder)).toEqual({ version: 1, cas: [] });
  });

  it("is adopted once by two that come at the same time", async () => {
    const folder = scriptFolder();
    const cas = (await openPki(folder))?.cas;
    await Promise.all(["certs/a.cert.pem", "certs/b.cert.pem"].map((path) => change(folder, path)));
    expect((await openPki(folder))?.cas).toEqual(cas);
    expect(snapshot(folder)).toMatchObject({ "certs/a.cert.pem": "x", "certs/b.cert.pem": "x" });
  });
});
