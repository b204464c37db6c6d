import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openssl } from "../testing/openssl.ts";
import { make, rows, sharedChain, textIn, withChain } from "../testing/script-chain.ts";
import { snapshot } from "../testing/snapshot.ts";
import type { ScriptCertificateKind } from "./script-files.ts";

describe("a name", () => {
  const shared = sharedChain();
  const long = "x".repeat(64);
  it.each([
    ["with a slash", "a/b"],
    ["with a comma", "a,b=c"],
    ["with quotes", `a"b"'c'`],
    ["with a hash in front", "#dev"],
    ["with a backslash", "a\\b"],
    ["with a plus", "a+CN=b"],
    ["with spaces", " my dev "],
    ["with a dash in front", "-dev"],
    ["that looks like a path", "../../etc/passwd"],
    ["with an emoji", "dev-🙂"],
    ["of 64 characters", long],
    ["of 64 characters outside ASCII", "ü".repeat(64)],
  ])("%s is in the certificate as it was given", async (_, name) => {
    const { folder } = shared;
    const before = new Set(Object.keys(snapshot(folder)));
    await make(folder, name);
    const args = ["-noout", "-subject", "-nameopt", "multiline,utf8,-esc_msb,-esc_ctrl"];
    const said = openssl(["x509", "-in", "certs/new-device.cert.pem", ...args], folder);
    expect(said).toBe(`subject=\n    commonName                = ${name}\n`);
    // No file is called by it.
    const added = Object.keys(snapshot(folder)).filter((path) => !before.has(path));
    expect(added.every((path) => /^\w+\/(?:[0-9A-F]{2}|new-device[\w.-]*)\.\w+$/.test(path))).toBe(
      true,
    );
  });

  it.each([
    ["empty", "", "device"],
    ["empty for an Edge device", "", "edge"],
    ["of 65 characters", `${long}x`, "device"],
    ["of 62 characters, to which .ca is added", "x".repeat(62), "edge"],
    ["with a newline", "a\nb", "device"],
    ["with a NUL", "a\0b", "device"],
    ["of half a character", "a\ud83d", "device"],
  ] as const)("that is %s is refused, and nothing is changed", async (_, name, kind) => {
    const { folder } = shared;
    const before = snapshot(folder);
    await expect(make(folder, name, kind)).rejects.toMatchObject({ code: "invalid-name" });
    expect(snapshot(folder)).toEqual(before);
  });
});

describe("a name that has a certificate already", () => {
  const CASES: [ScriptCertificateKind, string][] = [
    ["device", "dev"],
    ["verification", "dev"],
    ["edge", "dev.ca"],
  ];

  it.each(CASES)(
    "is refused as openssl does, for %s, and nothing is lost",
    async (kind, subject) => {
      const folder = await withChain();
      writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
      await make(folder, "dev", kind);
      const before = snapshot(folder);
      await expect(make(folder, "dev", kind)).rejects.toMatchObject({
        code: "exists",
        message: expect.stringContaining(`CN=${subject} already (serial 02)`),
        hint: expect.stringContaining("--force"),
      });
      expect(snapshot(folder)).toEqual(before);
    },
  );

  it("has it superseded where that is asked for, so that openssl goes on", async () => {
    const folder = await withChain();
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    await make(folder, "dev");
    const made = await make(folder, "dev", "device", { force: true });
    expect(made.superseded).toEqual(["02"]);
    expect(rows(folder).slice(1)).toEqual(["R 02 /CN=dev", "V 03 /CN=dev"]);
    expect(textIn(folder, "index.txt")).toMatch(/\nR\t\d+Z\t\d+Z,superseded\t02\t/);
  });

  it("may have another in a folder that we began, where nothing is superseded", async () => {
    const folder = await withChain();
    await make(folder, "dev");
    const { superseded } = await make(folder, "dev", "device", { force: true });
    expect(superseded).toEqual([]);
    expect(rows(folder).slice(1)).toEqual(["V 02 /CN=dev", "V 03 /CN=dev"]);
  });

  it("may have another where the first is revoked", async () => {
    const folder = await withChain();
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    const end = "301231235959Z";
    const row = ["R", end, `${end},keyCompromise`, "02", "unknown", "/CN=dev"].join("\t");
    writeFileSync(join(folder, "index.txt"), `${textIn(folder, "index.txt")}${row}\n`);
    writeFileSync(join(folder, "serial"), "03\n");
    expect((await make(folder, "dev")).certificate.serialNumber).toBe("03");
  });
});
