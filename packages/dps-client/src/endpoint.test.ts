import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { isLoopback, parseEndpoint, pathSegment } from "./endpoint.ts";

const refused = expect.objectContaining({ code: "invalid-argument" });

describe("isLoopback", () => {
  it.each([
    "https://localhost:9443",
    "https://LOCALHOST.",
    "https://dps.localhost",
    "https://127.0.0.1",
    "https://127.1:1",
    "https://0x7f000001",
    "https://[::1]:9443",
    "https://[::ffff:127.0.0.1]",
  ])("says yes to %s", (url) => {
    expect(isLoopback(new URL(url).hostname)).toBe(true);
  });

  it.each([
    "https://management.azure.com",
    "https://localhost.example",
    "https://127.0.0.1.example",
    "https://128.0.0.1",
    "https://[::2]",
  ])("says no to %s", (url) => {
    expect(isLoopback(new URL(url).hostname)).toBe(false);
  });
});

describe("parseEndpoint", () => {
  it("takes a host with a port", () => {
    expect(parseEndpoint("https://localhost:9443").host).toBe("localhost:9443");
  });

  it.each([
    "http://localhost",
    "localhost:9443",
    "",
    "https://user:hunter2@host",
    "https://host/path",
    "https://host?x=1",
    "https://host#x",
  ])("refuses %s without quoting it", (text) => {
    expect(() => parseEndpoint(text)).toThrow(refused);
    expect(() => parseEndpoint(text)).not.toThrow(/hunter2/);
  });
});

describe("pathSegment", () => {
  it.each(["", ".", "..", "\ud800"])("refuses %j", (value) => {
    expect(() => pathSegment(value, "a name")).toThrow(refused);
  });

  test.prop([fc.string({ unit: "grapheme", minLength: 3 })])(
    "is one segment, and can be read back",
    (value) => {
      const url = new URL(`https://host/a/${pathSegment(value, "a name")}/b`);
      const segments = url.pathname.split("/");
      expect(segments).toHaveLength(4);
      expect(decodeURIComponent(segments[2] ?? "")).toBe(value);
    },
  );
});
