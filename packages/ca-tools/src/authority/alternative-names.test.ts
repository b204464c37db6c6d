import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { alternativeNames, isHostName, namesOfServer } from "./alternative-names.ts";

const LONG = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

describe("alternativeNames", () => {
  it.each(["gw-1", "gw-1.local", "*.gw-1.local", "xn--gert-poa.example", "1.example", LONG])(
    "takes the host name %s",
    (name) => {
      expect(alternativeNames({ dns: [name] })).toEqual({ dns: [name], ip: [] });
    },
  );

  it.each([
    ["empty", ""],
    ["a path", "a/b"],
    ["dots", ".."],
    ["a final dot", "gw-1.local."],
    ["a space", "gw 1"],
    ["a quote", 'gw"1'],
    ["a comma", "gw,1"],
    ["a number sign", "#gw"],
    ["a backslash", "gw\\1"],
    ["a newline", "gw\n1"],
    ["an emoji", "gw-🔥"],
    ["an underscore", "gw_1"],
    ["NUL", "gw\0.evil.example"],
    ["an umlaut", "gerät.example"],
    ["a label of 64 characters", `${"a".repeat(64)}.example`],
    ["254 characters", `${LONG}e`],
    ["a hyphen at an end", "gw-.example"],
    ["a wildcard inside a label", "g*.example"],
    ["a wildcard in the middle", "a.*.example"],
    ["a wildcard alone", "*"],
    ["a wildcard twice", "*.*.example"],
    ["a port", "gw-1:443"],
    ["an IPv4 address", "10.0.0.5"],
    ["an IPv6 address", "::1"],
    ["a number at the end", "gw.1"],
  ])("refuses %s as a host name", (_, name) => {
    expect(() => alternativeNames({ dns: [name] })).toThrow(
      expect.objectContaining({ code: "invalid-name" }),
    );
  });

  it("points an address among the host names to where it belongs", () => {
    expect(() => alternativeNames({ dns: ["10.0.0.5"] })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("--ip") }),
    );
  });

  it.each([
    ["10.0.0.5", "10.0.0.5"],
    ["::1", "::1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::ffff:10.0.0.5", "::ffff:a00:5"],
  ])("takes the address %s", (text, written) => {
    expect(alternativeNames({ ip: [text] })).toEqual({ dns: [], ip: [written] });
  });

  it.each(["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.0/8", "fe80::1%eth0", "gw-1", "[::1]"])(
    "refuses %j as an address",
    (text) => {
      expect(() => alternativeNames({ ip: [text] })).toThrow(
        expect.objectContaining({ code: "invalid-name" }),
      );
    },
  );

  it("names each once, whatever the notation", () => {
    const names = { dns: ["gw-1", "GW-1"], ip: ["::1", "0:0:0:0:0:0:0:1"] };
    expect(alternativeNames(names)).toEqual({ dns: ["GW-1"], ip: ["::1"] });
  });

  it("takes a hundred names, and no more", () => {
    const dns = Array.from({ length: 100 }, (_, n) => `gw-${n}`);
    expect(alternativeNames({ dns }).dns).toHaveLength(100);
    expect(() => alternativeNames({ dns, ip: ["::1"] })).toThrow("101 names");
  });

  property.prop([fc.ipV6()])("takes every IPv6 address", (text) => {
    expect(alternativeNames({ ip: [text] }).ip).toHaveLength(1);
  });

  property.prop([fc.string({ unit: "binary" })])("never takes what could not be a name", (text) => {
    if (isHostName(text)) expect(text).toMatch(/^[A-Za-z0-9.-]+$/);
  });
});

describe("namesOfServer", () => {
  it.each([
    ["gw-1", { dns: ["gw-1"] }],
    ["10.0.0.5", { ip: ["10.0.0.5"] }],
    ["::1", { ip: ["::1"] }],
    ["gw 1", {}],
  ])("makes of %s what a client would look for", (name, names) => {
    expect(namesOfServer(name)).toEqual(names);
  });
});
