import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { asn1Time, parseAsn1Time, readTimeElement, timeElement } from "./asn1-time.ts";
import { elements } from "./der.ts";

describe("asn1Time", () => {
  it("is UTCTime up to 2049 and GeneralizedTime from then on", () => {
    expect(asn1Time(new Date("2049-12-31T23:59:59.999Z"))).toBe("491231235959Z");
    expect(asn1Time(new Date("2050-01-01T00:00:00Z"))).toBe("20500101000000Z");
  });

  property.prop([
    fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
  ])("is read back to the second, from text and from an element", (date) => {
    const second = new Date(Math.floor(date.getTime() / 1000) * 1000);
    expect(parseAsn1Time(asn1Time(date))).toEqual(second);
    expect(elements(timeElement(date)).map(readTimeElement)).toEqual([second]);
  });
});

describe("parseAsn1Time", () => {
  it("reads the years of UTCTime as 1950 to 2049, and GeneralizedTime for any year", () => {
    expect(parseAsn1Time("500101000000Z")).toEqual(new Date("1950-01-01T00:00:00Z"));
    expect(parseAsn1Time("490101000000Z")).toEqual(new Date("2049-01-01T00:00:00Z"));
    expect(parseAsn1Time("20300101000000Z")).toEqual(new Date("2030-01-01T00:00:00Z"));
  });

  it.each(["", "300101000000", "301301000000Z", "300230000000Z", "300101246000Z", "30010100000Z"])(
    "takes %j for no date",
    (text) => {
      expect(parseAsn1Time(text)).toBeUndefined();
    },
  );
});
