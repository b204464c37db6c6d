import { beforeAll, describe, expect, it } from "vitest";
import { inDays, NOW, rootCa } from "../testing/authority.ts";
import type { Certificate } from "./certificate.ts";
import { BACKDATE_MS, validityFor } from "./validity.ts";

let issuer: Certificate;

beforeAll(async () => {
  const dates = { notBefore: new Date(NOW.getTime() - 60_000), notAfter: inDays(10) };
  issuer = (await rootCa("Factory", dates)).certificate;
});

describe("validityFor", () => {
  it("begins a few minutes ago and ends after the days that were asked for", () => {
    expect(validityFor(NOW, 30)).toEqual({
      notBefore: new Date(NOW.getTime() - BACKDATE_MS),
      notAfter: inDays(30),
    });
  });

  it("is whole seconds, as certificates are", () => {
    const { notBefore, notAfter } = validityFor(new Date(NOW.getTime() + 999), 30);
    expect([notBefore.getMilliseconds(), notAfter.getMilliseconds()]).toEqual([0, 0]);
  });

  it("does not begin before the issuer", () => {
    expect(validityFor(NOW, 1, issuer).notBefore).toEqual(issuer.notBefore);
  });

  it("keeps an end that lies within the issuer's", () => {
    expect(validityFor(NOW, 10, issuer)).not.toHaveProperty("cutFrom");
  });

  it("is cut to the issuer's end, and says what it was cut from", () => {
    expect(validityFor(NOW, 30, issuer)).toMatchObject({
      notAfter: issuer.notAfter,
      cutFrom: inDays(30),
    });
  });

  it.each([inDays(-1), inDays(11)])("refuses to issue when the issuer is not valid: %s", (now) => {
    expect(() => validityFor(now, 1, issuer)).toThrow(
      expect.objectContaining({ code: "outside-validity" }),
    );
  });

  it.each([0, -1, Number.NaN, 1e9, Number.POSITIVE_INFINITY])("refuses %d days", (days) => {
    expect(() => validityFor(NOW, days)).toThrow(
      expect.objectContaining({ code: "outside-validity" }),
    );
  });
});
