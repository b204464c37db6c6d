import { describe, expect, it } from "vitest";
import { issue, NOW, rootCa } from "../testing/authority.ts";
import { HOST_AS_COMMON_NAME } from "../testing/name-cases.ts";
import { verifyStrict } from "../testing/openssl.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { ACCEPTED, REFUSED, refusedPath } from "../testing/path-cases.ts";
import {
  AT,
  below,
  caWith,
  certificates,
  DATES,
  intermediate,
  leaf,
  root,
  twoMinds,
  without,
} from "../testing/paths.ts";
import { scratch } from "../testing/scratch.ts";
import type { Certificate } from "./certificate.ts";
import type { Issuer } from "./issue.ts";
import { type PathInput, validatePath } from "./validate.ts";

const codes = (path: readonly Certificate[], input: Partial<PathInput> = {}) =>
  validatePath({ path, now: AT, purpose: "clientAuth", ...input }).map(({ code }) => code);

describe("validatePath, strict", () => {
  it.each(Object.keys(REFUSED))("refuses %s, as openssl does", async (name) => {
    const path = await refusedPath(name);
    const { status } = verifyStrict(scratch(), path, { at: AT, purpose: "sslclient" });
    expect(status === 0).toBe(REFUSED[name]?.laxer?.openssl !== undefined);
    expect(codes(path)).toContain(REFUSED[name]?.expect);
  });

  it.each(Object.keys(ACCEPTED))("accepts %s, as openssl does", async (name) => {
    const path = (await ACCEPTED[name]?.path()) ?? [];
    expect(verifyStrict(scratch(), path, { at: AT, purpose: "sslclient" })).toMatchObject({
      status: 0,
    });
    expect(codes(path)).toEqual([]);
  });

  it("holds the names of a trust anchor's path against its constraints too", async () => {
    const named = await rootCa("Named", { ...DATES, nameConstraints: { dns: ["localhost"] } });
    const server = (dns: string) =>
      issue("dev-1", named, {
        ...DATES,
        profile: "server",
        subjectAlternativeNames: { dns: [dns] },
      });
    const [good, bad] = [await server("localhost"), await server("a.org")];
    const path = (leaf: Issuer) => certificates(leaf, named);
    expect(verifyStrict(scratch(), path(good), { at: AT })).toMatchObject({ status: 0 });
    expect(validatePath({ path: path(good), now: AT })).toEqual([]);
    expect(verifyStrict(scratch(), path(bad), { at: AT })).not.toMatchObject({ status: 0 });
    expect(validatePath({ path: path(bad), now: AT })).toEqual([
      {
        code: "name-not-permitted",
        depth: 0,
        message: 'CN=dev-1 bears the dns name "a.org", which CN=Named does not permit',
      },
    ]);
  });

  it("reads both ends of a validity as included, to the whole second", () => {
    const path = certificates(leaf, intermediate, root);
    const { notBefore, notAfter } = leaf.certificate;
    const at = (time: number) => codes(path, { now: new Date(time) });
    expect(at(notBefore.getTime())).toEqual([]);
    expect(at(notBefore.getTime() - 1)).toEqual(Array(3).fill("not-yet-valid"));
    expect(at(notAfter.getTime() + 999)).toEqual([]);
    expect(at(notAfter.getTime() + 1000)).toEqual(Array(3).fill("expired"));
  });

  it("does not count CAs that issued to themselves", async () => {
    const short = opensslIssue(scratch(), {
      ...caWith("Short", "basicConstraints=critical,CA:TRUE,pathlen:0"),
      issuer: root,
    });
    const renewed = await issue("Short", short, DATES);
    const device = await issue("dev-1", renewed, { ...DATES, profile: "device" });
    expect(codes(certificates(device, renewed, short, root))).toEqual([]);
  });

  it("asks for no purpose unless told to", () => {
    const path = certificates(leaf, intermediate, root);
    expect(validatePath({ path, now: AT })).toEqual([]);
    expect(validatePath({ path, now: AT, purpose: "serverAuth" })).toMatchObject([
      { code: "wrong-purpose", depth: 0 },
    ]);
  });

  it("says what is wrong from the anchor downwards, and where", () => {
    const path = certificates(leaf, intermediate, root);
    const findings = validatePath({ path, now: NOW });
    expect(findings.map(({ code, depth }) => [code, depth])).toEqual([
      ["expired", 2],
      ["expired", 1],
      ["expired", 0],
    ]);
    expect(findings[2]?.message).toContain("CN=dev-1");
  });
});

describe("validatePath, as the service", () => {
  const dps = (path: readonly Certificate[], given?: readonly Certificate[]) =>
    codes(path, {
      policy: "dps",
      ...(given && { isGiven: (certificate) => given.includes(certificate) }),
    });
  const forgiven = ["not-a-ca", "not-conforming"];

  it.each(Object.keys(REFUSED).filter((name) => !forgiven.includes(REFUSED[name]?.expect ?? "")))(
    "refuses %s",
    async (name) => {
      const path = await refusedPath(name);
      // Purpose is read from extendedKeyUsage alone, below the anchor, and "any" is any.
      const isTaken =
        /^a (?:leaf for any purpose|leaf whose key|trust anchor for)/.test(name) ||
        name === HOST_AS_COMMON_NAME;
      expect(dps(path, path)).toEqual(
        isTaken ? [] : expect.arrayContaining([REFUSED[name]?.expect]),
      );
    },
  );

  it.each([
    ["without basicConstraints", without(CA_EXTENSIONS, "basicConstraints")],
    ["of version 1", []],
  ])("forgives a CA %s when the service was given it, not when it came along", async (_, ext) => {
    const path = await below({ subject: "/CN=Odd", extensions: ext });
    expect(dps(path, path.slice(1))).toEqual([]);
    expect(dps(path, path.slice(2))).toEqual(["not-a-ca"]);
    expect(dps(path)).toEqual(["not-a-ca"]);
    expect(dps(path.slice(0, 2))).toEqual([]);
    expect(codes(path, { policy: "strict", isGiven: () => true })).toContain("not-a-ca");
  });

  it("forgives a CA without keyUsage, wherever it comes from", async () => {
    const extensions = without(CA_EXTENSIONS, "keyUsage");
    expect(dps(await below({ subject: "/CN=Plain", extensions }), [])).toEqual([]);
  });

  it("never forgives CA:FALSE", async () => {
    const path = await below(caWith("No CA", "basicConstraints=critical,CA:FALSE"));
    expect(dps(path, path)).toEqual(["not-a-ca"]);
  });

  it.each([
    ["with keyUsage", LEAF_EXTENSIONS],
    ["without keyUsage", without(LEAF_EXTENSIONS, "keyUsage")],
    ["without basicConstraints", without(LEAF_EXTENSIONS, "basicConstraints")],
    ["of version 1", []],
  ])("refuses what an enrolled leaf %s signs for another device", async (_, extensions) => {
    const request = { subject: "/CN=dev-1", extensions, issuer: intermediate };
    const enrolled = opensslIssue(scratch(), request);
    const victim = await issue("victim", enrolled, { ...DATES, profile: "device" });
    const path = certificates(victim, enrolled, intermediate, root);
    // Node's own check sees nothing wrong with an issuer that has no keyUsage.
    expect(victim.certificate.x509.verify(enrolled.certificate.x509.publicKey)).toBe(true);
    expect(dps(path, certificates(intermediate, root))).toContain("not-a-ca");
    expect(dps(path)).toContain("not-a-ca");
  });

  it("does not ask the trust anchor for a purpose", async () => {
    const path = await below(caWith("Servers", "extendedKeyUsage=serverAuth"));
    expect(dps(path.slice(0, 2))).toEqual([]);
    expect(dps(path)).toEqual(["wrong-purpose"]);
  });

  it("refuses an extension that stands there twice", async () => {
    const ca = await twoMinds();
    const device = await issue("dev-1", ca, { ...DATES, profile: "device" });
    const path = certificates(device, ca, root);
    expect(dps(path, path)).toEqual(["not-conforming"]);
  });
});
