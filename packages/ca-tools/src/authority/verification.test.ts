import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openPki } from "../folder/pki.ts";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { verifyStrict } from "../testing/openssl.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createRoot } from "./create-ca.ts";
import { createChain } from "./create-chain.ts";
import { loadCa } from "./load-ca.ts";
import { createVerificationCertificate } from "./verification.ts";

const CODE = "7D07A6A5C5B0EF5CA6D42F8E0A0B7A0C4B5F8E0A0B7A0C4B";

async function prepared() {
  const folder = scratch();
  await createRoot(folder, { commonName: "Root CA", now: NOW });
  const ca = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, "root");
  return { folder, ca };
}

describe("createVerificationCertificate", () => {
  it("is signed by the CA itself, bears the code and is valid for 30 days", async () => {
    const { folder, ca } = await prepared();
    const certificate = await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    expect(certificate).toMatchObject({ commonName: CODE, notAfter: inDays(30) });
    const path = [certificate, ca.certificate];
    expect(verifyStrict(scratch(), path, { at: NOW })).toMatchObject({ status: 0 });
  });

  it("is kept like every certificate that the CA signed, without a key", async () => {
    const { folder, ca } = await prepared();
    const keys = () => Object.keys(snapshot(folder)).filter((path) => path.includes("key.pem"));
    const before = keys();
    const made = await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    expect(readFileSync(join(folder, "newcerts", `${made.serialNumber}.pem`), "utf8")).toBe(
      made.pem,
    );
    expect(keys()).toEqual(before);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("is cut to the CA's end", async () => {
    const { folder } = await prepared();
    const ca = await issue("Short CA", await rootCa("Root"), { notAfter: inDays(3) });
    const made = await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    expect(made.notAfter).toEqual(inDays(3));
  });

  it("refuses a code that is no common name, and a CA that has expired", async () => {
    const { folder, ca } = await prepared();
    const before = snapshot(folder);
    const make = (code: string, now: Date) =>
      createVerificationCertificate(folder, { ca, code, now });
    await expect(make("x".repeat(65), NOW)).rejects.toMatchObject({ code: "invalid-name" });
    await expect(make(CODE, inDays(366))).rejects.toMatchObject({ code: "outside-validity" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("is signed by any CA of a chain", async () => {
    const folder = scratch();
    await createChain(folder, { commonNames: ["Root", "One", "Two"], now: NOW });
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    const ca = await loadCa(folder, registry, "intermediate-2");
    const made = await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    expect(verifyStrict(scratch(), [made, ...ca.chain], { at: NOW })).toMatchObject({ status: 0 });
  });

  it("leaves one valid row for a code where the folder wants subjects to be unique", async () => {
    const { folder, ca } = await prepared();
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = yes\n");
    await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    await createVerificationCertificate(folder, { ca, code: CODE, now: NOW });
    const rows = readFileSync(join(folder, "index.txt"), "utf8").trim().split("\n");
    expect(rows.map((row) => row[0])).toEqual(["R", "V"]);
  });
});
