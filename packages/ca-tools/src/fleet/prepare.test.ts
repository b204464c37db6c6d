import { beforeAll, describe, expect, it } from "vitest";
import { inDays, NOW, rootCa } from "../testing/authority.ts";
import { checkCommonName, type Issuer } from "../x509/issue.ts";
import { validityFor } from "../x509/validity.ts";
import { type Prepared, preparing } from "./prepare.ts";
import type { FleetIssuerOptions, FleetRequest } from "./types.ts";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await rootCa("Factory", { notAfter: inDays(100) });
});

const prepare = (
  request: Partial<FleetRequest>,
  options: Partial<FleetIssuerOptions> = {},
): Prepared => preparing({ issuer, now: NOW, ...options })({ commonName: "dev-1", ...request });

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
};

describe("preparing", () => {
  it.each([
    "",
    "x".repeat(65),
    "a\nb",
    "a\u0000b",
    "\u007f",
    "a\u0085b",
    "a\ud800b",
    "🌡".repeat(65),
  ])("refuses the common name %j, as issueCertificate does", (commonName) => {
    expect(codeOf(() => checkCommonName(commonName))).toBe("invalid-name");
    expect(codeOf(() => prepare({ commonName }))).toBe("invalid-name");
  });

  it("takes the request's days before the run's, and those before the profile's", () => {
    const end = (days: number) => validityFor(NOW, days, issuer.certificate).notAfter;
    expect(prepare({ days: 7 }, { days: 60 }).dates.notAfter).toEqual(end(7));
    expect(prepare({}, { days: 60 }).dates.notAfter).toEqual(end(60));
    expect(prepare({}).dates.notAfter).toEqual(end(30));
  });

  it("cuts a lifetime to the issuer's and keeps the end that was asked for", () => {
    expect(prepare({ days: 200 }).dates).toMatchObject({
      notAfter: inDays(100),
      cutFrom: inDays(200),
    });
  });

  it.each([0, -1, Number.NaN, 1e9])("refuses a lifetime of %d days", (days) => {
    expect(codeOf(() => prepare({ days }))).toBe("outside-validity");
    expect(codeOf(() => preparing({ issuer, now: NOW, days }))).toBe("outside-validity");
  });

  it("refuses an issuer that is not valid now, before any request", () => {
    expect(codeOf(() => preparing({ issuer, now: inDays(101) }))).toBe("outside-validity");
  });

  it("forgets lifetimes when there are too many to keep", () => {
    const run = preparing({ issuer, now: NOW });
    for (let minute = 1; minute <= 2500; minute++)
      run({ commonName: "dev-1", days: minute / 1440 });
    expect(run({ commonName: "dev-1", days: 1 }).dates.notAfter).toEqual(inDays(1));
  });

  it("draws serial numbers of 16 bytes that differ and are positive", () => {
    const run = preparing({ issuer, now: NOW });
    const serials = Array.from({ length: 1000 }, () => run({ commonName: "dev-1" }).serialNumber);
    expect(new Set(serials).size).toBe(1000);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it.each([
    ["of 21 bytes", new Uint8Array(21).fill(1)],
    ["of none", new Uint8Array()],
    ["zero", new Uint8Array(16)],
  ])("refuses a serial number %s", (_, serialNumber) => {
    expect(() => prepare({ serialNumber })).toThrow(RangeError);
  });

  it("checks alternative names, and takes none for none", () => {
    const names = (dns: string[], ip: string[] = []) =>
      prepare({ subjectAlternativeNames: { dns, ip } }).names;
    expect(names(["a.example", "A.example"], ["::0001"])).toEqual({
      dns: ["A.example"],
      ip: ["::1"],
    });
    expect(names([])).toBeUndefined();
    expect(prepare({ subjectAlternativeNames: {} }).names).toBeUndefined();
    expect(codeOf(() => names(["a b"]))).toBe("invalid-name");
  });
});
