import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  ConnectionStringError,
  formatConnectionString,
  parseConnectionString,
} from "./connection-string.ts";

const KEY = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
const TEXT = `HostName=mydps.azure-devices-provisioning.net;SharedAccessKeyName=owner;SharedAccessKey=${KEY}`;

const messageOf = (text: string): string => {
  try {
    parseConnectionString(text);
  } catch (error) {
    if (error instanceof ConnectionStringError) return error.message;
    throw error;
  }
  return "";
};

describe("a service connection string", () => {
  it("names host, policy and key", () => {
    expect(parseConnectionString(TEXT)).toEqual({
      hostName: "mydps.azure-devices-provisioning.net",
      sharedAccessKeyName: "owner",
      sharedAccessKey: KEY,
    });
  });

  it("may come in another order, in another case, with a port and white space around it", () => {
    const text = ` sharedaccesskey=${KEY} ;HOSTNAME=localhost:9443;SharedAccessKeyName=owner;\n`;
    expect(parseConnectionString(text)).toMatchObject({
      hostName: "localhost:9443",
      sharedAccessKey: KEY,
    });
  });

  test.prop([
    fc.constantFrom("localhost:1", "a.b-c.net", "127.0.0.1:65535", "[::1]:443"),
    fc.stringMatching(/^[a-zA-Z0-9-]{1,40}$/),
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
  ])("is written as it is read", (hostName, sharedAccessKeyName, key) => {
    const value = {
      hostName,
      sharedAccessKeyName,
      sharedAccessKey: Buffer.from(key).toString("base64"),
    };
    expect(parseConnectionString(formatConnectionString(value))).toEqual(value);
  });

  it.each([
    [TEXT.replace("HostName", "Host"), "no HostName"],
    [TEXT.replace("owner", ""), "no SharedAccessKeyName"],
    [`${TEXT};HostName=evil.example`, "HostName twice"],
    [TEXT.replace("mydps.", "my dps."), "HostName in the connection string is not a host name"],
    [TEXT.replace(KEY, "not base64!"), "SharedAccessKey in the connection string is not base64"],
    [TEXT.replace(";Shared", ";;garbage;Shared"), "not Name=value"],
  ])("is refused when it is wrong", (text, reason) => {
    expect(messageOf(text)).toContain(reason);
  });

  test.prop([fc.string(), fc.string()])("never shows its key in an error", (name, secret) => {
    const key = `sEcReT${secret}sEcReT`;
    expect(messageOf(`HostName=x;${name}=${key};SharedAccessKey=${key}`)).not.toContain("sEcReT");
    expect(messageOf(`SharedAccessKey=${key};SharedAccessKey=${key}`)).not.toContain("sEcReT");
  });
});
