import { sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import {
  ECDSA_SHA256,
  extension,
  hex,
  integer,
  name,
  oid,
  sequence,
} from "../testing/der-certificate.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { CA_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { has } from "../testing/programs.ts";
import { scratch } from "../testing/scratch.ts";
import { type Crl, type CrlInput, isCrlOf, issueCrl, parseCrl } from "./crl.ts";
import { element } from "./der-write.ts";
import type { Issuer } from "./issue.ts";
import { generateKeyPair, type KeyAlgorithmName } from "./keys.ts";
import { CRL_REASONS, type CrlReason } from "./reasons.ts";

let root: Issuer;
let crl: Crl;
const REVOKED_AT = new Date("2030-02-03T04:05:06Z");
const ENTRIES = [
  { serialNumber: "0A", at: REVOKED_AT },
  {
    serialNumber: "F00000000000000000000000000000000000000B",
    at: REVOKED_AT,
    reason: "keyCompromise",
  },
] as const;

const make = (input: Partial<CrlInput> = {}) =>
  issueCrl({
    issuer: root,
    number: 7,
    thisUpdate: NOW,
    nextUpdate: inDays(30),
    entries: [],
    ...input,
  });

beforeAll(async () => {
  root = await rootCa("Factory Root CA");
  crl = await make({ entries: ENTRIES });
});

/** What openssl shows of a CRL, after it has verified the signature. */
function shown({ pem }: Crl, { certificate } = root): string {
  const file = join(scratch(), "ca.pem");
  writeFileSync(file, certificate.pem);
  const text = openssl(["crl", "-noout", "-text", "-verify", "-CAfile", file], undefined, pem);
  expect(text).toContain("verify OK");
  return text.replace(/\s+/g, " ");
}

describe("issueCrl", () => {
  it("has the form that openssl expects of one, and says what is revoked and why", () => {
    expect(crl.pem).toMatch(/^-----BEGIN X509 CRL-----\n/);
    const text = shown(crl);
    expect(text).toContain("Version 2 (0x1)");
    expect(text).toContain("Last Update: Mar 1 12:00:00 2030 GMT");
    expect(text).toContain("Next Update: Mar 31 12:00:00 2030 GMT");
    expect(text).toContain("X509v3 CRL Number: 7 ");
    const own = root.certificate.subjectKeyIdentifier?.match(/../g)?.join(":");
    expect(text).toContain(`X509v3 Authority Key Identifier: ${own} `);
    // The first has no extensions at all: an empty list would be no DER of one (§5.1).
    expect(text).toMatch(
      /Serial Number: 0A Revocation Date: Feb 3 04:05:06 2030 GMT Serial Number: F0{37}0B Revocation Date: Feb 3 04:05:06 2030 GMT CRL entry extensions: X509v3 CRL Reason Code: Key Compromise/,
    );
    const parts = openssl(["asn1parse"], undefined, crl.pem);
    expect(parts).not.toMatch(/l= +0 cons: SEQUENCE/);
  });

  it.each<[KeyAlgorithmName, string]>([
    ["ec-p384", "ecdsa-with-SHA384"],
    ["rsa-2048", "sha256WithRSAEncryption"],
  ])("is signed by a %s key with %s", async (algorithm, signature) => {
    const issuer = await rootCa("Factory", { keys: await generateKeyPair(algorithm) });
    const made = await make({ issuer });
    expect(shown(made, issuer)).toContain(`Signature Algorithm: ${signature}`);
    expect(made.signatureAlgorithm).toBe(signature);
  });

  it("leaves out an empty list, a reason that says nothing, and a date that is not known", async () => {
    const none = await make();
    expect(shown(none)).toContain("No Revoked Certificates.");
    expect(openssl(["asn1parse"], undefined, none.pem)).not.toMatch(/l= +0 cons: SEQUENCE/);
    const entries = [{ serialNumber: "0A", at: NOW, reason: "unspecified" }] as const;
    expect(shown(await make({ entries }))).not.toContain("CRL entry extensions");
  });

  it("gives each reason its code, and tells since when a key is lost", async () => {
    const reasons = Object.keys(CRL_REASONS) as CrlReason[];
    const entries = reasons.map((reason, at) => ({
      serialNumber: `0${(at + 1).toString(16).toUpperCase()}`,
      at: NOW,
      reason,
      invalidSince: new Date("2029-12-31T23:59:59Z"),
    }));
    const made = await make({ entries });
    const [, ...withReason] = entries;
    expect(made.entries.slice(1)).toEqual(withReason);
    const text = shown(made);
    for (const name of ["CA Compromise", "Affiliation Changed", "Cessation Of Operation"]) {
      expect(text).toContain(`CRL Reason Code: ${name}`);
    }
    expect(text).toContain("Invalidity Date: Dec 31 23:59:59 2029 GMT");
  });

  it("names its issuer with the very bytes of the CA's subject", async () => {
    const folder = scratch();
    for (const stringMask of ["utf8only", "default"] as const) {
      const subject = "/O=Fabrik/CN=Factory CA";
      const issuer = opensslIssue(folder, { subject, extensions: CA_EXTENSIONS, stringMask });
      const made = await make({ issuer, thisUpdate: new Date() });
      expect(Buffer.from(made.issuerName.toArrayBuffer())).toEqual(
        Buffer.from(issuer.certificate.subjectName.toArrayBuffer()),
      );
      shown(made, issuer);
    }
  });

  it("writes dates from 2050 on as GeneralizedTime, and cuts them to seconds", async () => {
    const at = new Date("2050-01-02T03:04:05.678Z");
    const made = await make({
      thisUpdate: at,
      nextUpdate: at,
      entries: [{ serialNumber: "01", at }],
    });
    expect(made).toMatchObject({ thisUpdate: new Date("2050-01-02T03:04:05Z") });
    const parts = openssl(["asn1parse"], undefined, made.pem);
    expect(parts.match(/GENERALIZEDTIME +:20500102030405Z/g)).toHaveLength(3);
  });

  it("counts beyond what a double holds, up to 20 bytes", async () => {
    const number = 2n ** 158n + 1n;
    expect((await make({ number })).number).toBe(number);
    for (const none of [-1, 2n ** 159n]) {
      await expect(make({ number: none })).rejects.toMatchObject({ code: "invalid-crl" });
    }
  });

  it("keeps serial numbers positive, whatever bit they begin with", async () => {
    const entries = ["7F", "80", "8F01", "FF", "0100"].map((serialNumber) => ({
      serialNumber,
      at: NOW,
    }));
    const made = await make({ entries });
    expect(made.entries).toEqual(entries);
    expect(shown(made).match(/Serial Number: -?[0-9A-F]+/g)).toEqual(
      entries.map(({ serialNumber }) => `Serial Number: ${serialNumber}`),
    );
  });

  it("refuses a key that is another's, and a CA that may not sign CRLs", async () => {
    const { privateKey } = await generateKeyPair();
    await expect(make({ issuer: { ...root, privateKey } })).rejects.toMatchObject({
      code: "key-mismatch",
    });
    const [constraints, , ...ids] = CA_EXTENSIONS;
    const extensions = [`${constraints}`, "keyUsage=critical,keyCertSign", ...ids];
    const mute = opensslIssue(scratch(), { subject: "/CN=x", extensions });
    await expect(make({ issuer: mute })).rejects.toMatchObject({ code: "not-a-ca" });
  });

  it.skipIf(!has("certtool"))("is read and verified by GnuTLS", async () => {
    const { spawnSync } = await import("node:child_process");
    const folder = scratch();
    writeFileSync(join(folder, "ca.pem"), root.certificate.pem);
    const run = (args: string[]) =>
      spawnSync("certtool", args, { cwd: folder, input: crl.pem, encoding: "utf8" });
    const { status, stdout } = run(["--crl-info"]);
    expect([status, stdout]).toEqual([0, expect.stringContaining("CRL Number (not critical): 07")]);
    expect(stdout).toContain("Revoked certificates (2)");
    const verified = run(["--verify-crl", "--load-ca-certificate", "ca.pem"]);
    // The dates are of another year: the signature is what counts here.
    expect(verified.stdout + verified.stderr).not.toMatch(/signature.*(?:invalid|fail)/i);
  });

  it("carries ten thousand entries", async () => {
    const entries = Array.from({ length: 10_000 }, (_, at) => ({
      serialNumber: `40${at.toString(16).toUpperCase().padStart(30, "0")}`,
      at: REVOKED_AT,
      reason: "superseded" as const,
    }));
    expect((await make({ entries })).entries).toEqual(entries);
  });
});

describe("a CRL of each CA", () => {
  it("has openssl -crl_check_all refuse what is revoked, and nothing else", async () => {
    const folder = scratch();
    const ca = await issue("CA", root);
    const [good, bad, lost] = await Promise.all([
      issue("good", ca, { profile: "device" }),
      issue("bad", ca, { profile: "device" }),
      issue("Lost CA", root),
    ]);
    const below = await issue("below", lost, { profile: "device" });
    const revoke = ({ certificate: { serialNumber } }: Issuer) => ({
      serialNumber,
      at: REVOKED_AT,
    });
    const crls = await Promise.all([
      make({ entries: [revoke(lost)] }),
      make({ issuer: ca, entries: [revoke(bad)] }),
      make({ issuer: lost }),
    ]);
    const file = (name: string, parts: readonly { pem: string }[]) => {
      writeFileSync(join(folder, name), parts.map(({ pem }) => pem).join(""));
      return join(folder, name);
    };
    const crlFile = file("crls.pem", crls);
    const anchor = file("root.pem", [root.certificate]);
    const cas = file("cas.pem", [ca.certificate, lost.certificate]);
    const verify = ({ certificate }: Issuer) =>
      tryOpenssl([
        ...["verify", "-x509_strict", "-crl_check_all", "-no-CApath", "-no-CAstore"],
        ...["-attime", String(NOW.getTime() / 1000 + 1), "-CRLfile", crlFile, "-CAfile", anchor],
        ...["-untrusted", cas, file("leaf.pem", [certificate])],
      ]);
    expect(verify(good)).toMatchObject({ status: 0 });
    expect(verify(bad)).toMatchObject({ output: expect.stringContaining("certificate revoked") });
    expect(verify(below)).toMatchObject({ output: expect.stringContaining("certificate revoked") });
  });
});

describe("isCrlOf", () => {
  it("tells by name and signature", async () => {
    const [twin, other] = await Promise.all([rootCa("Factory Root CA"), rootCa("Other")]);
    const of = ({ certificate }: Issuer) => isCrlOf(crl, certificate);
    expect([of(root), of(twin), of(other)]).toEqual([true, false, false]);
    const keys = { privateKey: root.privateKey, publicKey: root.certificate.x509.publicKey };
    expect(of(await rootCa("Other", { keys }))).toBe(false);
  });

  it("refuses one whose algorithm is another within than beside the signature", () => {
    const made = (algorithm: string) => {
      const list = sequence(
        integer(hex("01")),
        sequence(oid(algorithm)),
        name("Factory Root CA"),
        element(0x17, Buffer.from("300101000000Z")),
      );
      const signature = sign("sha256", list, root.privateKey);
      return parseCrl(sequence(list, ECDSA_SHA256, element(0x03, hex("00"), signature)));
    };
    expect(isCrlOf(made("2a8648ce3d040302"), root.certificate)).toBe(true);
    expect(isCrlOf(made("2a8648ce3d040303"), root.certificate)).toBe(false);
  });
});

describe("parseCrl", () => {
  it("reads what was written", () => {
    expect(parseCrl(crl.pem)).toMatchObject({
      issuer: "CN=Factory Root CA",
      issuerKey: root.certificate.subjectKey,
      number: 7n,
      thisUpdate: NOW,
      nextUpdate: inDays(30),
      entries: ENTRIES,
      authorityKeyIdentifier: root.certificate.subjectKeyIdentifier,
      signatureAlgorithm: "ecdsa-with-SHA256",
    });
  });

  it.each<[string, (pem: string, der: Uint8Array) => string | Uint8Array]>([
    ["DER", (_, der) => der],
    ["the label of some libraries", (pem) => pem.replaceAll("X509 CRL", "CRL")],
    ["CRLF, and text around it", (pem) => `x\r\n${pem.replaceAll("\n", "\r\n")}y`],
  ])("takes %s", (_, form) => {
    expect(parseCrl(form(crl.pem, crl.der)).pem).toBe(crl.pem);
  });

  it("refuses a number that would take minutes to write out", () => {
    const number = extension("551d14", integer(Buffer.alloc(8_000_000, 1)));
    const list = sequence(
      integer(hex("01")),
      ECDSA_SHA256,
      name("x"),
      element(0x17, Buffer.from("300101000000Z")),
      element(0xa0, sequence(number)),
    );
    const input = sequence(list, ECDSA_SHA256, element(0x03, hex("00 00")));
    expect(() => parseCrl(input)).toThrow(expect.objectContaining({ code: "invalid-crl" }));
  });

  it.each<[string, (pem: string, der: Uint8Array) => string | Uint8Array]>([
    ["nothing", () => ""],
    ["zero bytes", () => new Uint8Array(100)],
    ["a certificate", () => root.certificate.pem],
    ["a certificate's DER", () => root.certificate.der],
    ["DER that is cut off", (_, der) => der.slice(0, -1)],
    ["DER with bytes behind it", (_, der) => Buffer.concat([der, Buffer.from([0])])],
    ["two labels that differ", (pem) => pem.replace("END X509 CRL", "END CRL")],
  ])("refuses %s", (_, form) => {
    const input = form(crl.pem, crl.der);
    expect(() => parseCrl(input, "x.crl")).toThrow(
      expect.objectContaining({ code: "invalid-crl", file: "x.crl" }),
    );
  });

  property.prop([fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.boolean()], { numRuns: 300 })(
    "answers or refuses, whatever bytes are changed, and no change keeps the signature",
    (at, bytes, cut) => {
      const der = Buffer.from(crl.der);
      const place = at % der.length;
      der.set(bytes.subarray(0, der.length - place), place);
      try {
        const read = parseCrl(cut ? der.subarray(0, place) : der);
        expect(isCrlOf(read, root.certificate)).toBe(der.equals(crl.der));
      } catch (error) {
        expect(error).toBeInstanceOf(CaToolsError);
      }
    },
  );
});
