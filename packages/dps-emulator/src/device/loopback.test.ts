import type { LookupAddress, LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import { isLoopback, loopbackLookup } from "./loopback.ts";

/** Answers as the system's look-up does: with one address, unless all are asked for. */
const resolver =
  (...addresses: string[]): LookupFunction =>
  (_name, options, callback) => {
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const [first] = found;
    if (options.all || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };

const look = (resolve: LookupFunction, options: LookupOptions) =>
  new Promise<string | LookupAddress[]>((done, fail) => {
    loopbackLookup(resolve)("name", options, (error, found) => (error ? fail(error) : done(found)));
  });

describe("loopback", () => {
  it.each(["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"])(
    "is %s",
    (address) => expect(isLoopback(address)).toBe(true),
  );

  it.each([
    "0.0.0.0",
    "10.0.0.1",
    "126.255.255.255",
    "128.0.0.0",
    "169.254.169.254",
    "::",
    "::2",
    "::ffff:192.0.2.1",
    "fe80::1",
    "localhost",
    "",
  ])("is not %j", (address) => expect(isLoopback(address)).toBe(false));
});

describe("looking up a name for loopback", () => {
  it("gives one address, or all of them", async () => {
    const both = resolver("127.0.0.1", "::1");
    expect(await look(both, {})).toBe("127.0.0.1");
    expect(await look(both, { all: true })).toEqual([
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ]);
  });

  it("fails where any of the addresses is another one, or there is none", async () => {
    for (const addresses of [
      ["192.0.2.1"],
      ["127.0.0.1", "192.0.2.1"],
      ["::1", "2001:db8::1"],
      [],
    ]) {
      for (const options of [{}, { all: true }]) {
        await expect(look(resolver(...addresses), options)).rejects.toThrow("not loopback");
      }
    }
  });

  it("fails as the look-up itself does", async () => {
    const failing: LookupFunction = (_name, _options, callback) =>
      callback(new Error("ENOTFOUND"), "");
    await expect(look(failing, {})).rejects.toThrow("ENOTFOUND");
  });
});
