import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  caNameFor,
  caPaths,
  checkDeviceId,
  decodeFileName,
  deviceIdOfFile,
  devicePaths,
  encodeFileName,
} from "./layout.ts";

/** Ids of the service, and whatever else somebody may type. */
const id = fc.oneof(
  fc.stringMatching(/^[a-z0-9][A-Za-z0-9\-._:]{0,63}$/),
  fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }),
);
const fileOf = (path: string) => path.slice(path.indexOf("/") + 1);

describe("encodeFileName", () => {
  it.each([
    ["dev-1", "dev-1"],
    ["a:b", "a%3Ab"],
    ["a/b", "a%2Fb"],
    ["../x", "%2E.%2Fx"],
    [".hidden", "%2Ehidden"],
    ["50%", "50%25"],
    ["ä", "%C3%A4"],
    ["CON", "%43ON"],
    ["con.dev", "%63on.dev"],
    ["lpt1", "%6Cpt1"],
    ["console", "console"],
    ["com10", "com10"],
  ])("turns %s into %s", (given, expected) => {
    expect(encodeFileName(given)).toBe(expected);
  });

  property.prop([id])("is reversible", (given) => {
    expect(decodeFileName(encodeFileName(given))).toBe(given);
  });

  property.prop([id])("writes nothing that a file system minds", (given) => {
    expect(encodeFileName(given)).toMatch(/^[A-Za-z0-9%_~-][A-Za-z0-9%._~-]*$/);
    expect(encodeFileName(given)).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i);
  });
});

describe("decodeFileName", () => {
  it.each(["%zz", "%2e", "%41", "a b", "con", "%C3"])("does not take %s for ours", (name) => {
    expect(decodeFileName(name)).toBeUndefined();
  });
});

describe("deviceIdOfFile", () => {
  property.prop([id])("finds the device again", (given) => {
    fc.pre(isFree(given));
    expect(deviceIdOfFile(fileOf(devicePaths(given).certificate))).toBe(given);
    expect(deviceIdOfFile(fileOf(devicePaths(given).fullChain))).toBeUndefined();
  });

  it.each(["root", "intermediate", "line-2", "con"])("knows CA %s for no device", (name) => {
    expect(deviceIdOfFile(fileOf(caPaths(name).certificate))).toBeUndefined();
  });

  it.each(["notes.txt", ".tmp-0123-4", "%zz.cert.pem", "dev-1.cert.pfx"])(
    "leaves %s alone",
    (f) => {
      expect(deviceIdOfFile(f)).toBeUndefined();
    },
  );
});

function isFree(given: string): boolean {
  try {
    checkDeviceId(given);
    return true;
  } catch {
    return false;
  }
}

describe("checkDeviceId", () => {
  it.each([
    "azure-iot-test-only.root.ca",
    "Azure-IoT-Test-Only.x",
    "dev-full-chain",
    "dev-FULL-chain",
    "line-2.intermediate",
    "new-device",
    "new-edge-device",
    "new-edge-device.ca",
    "verification-code",
    "日".repeat(64),
  ])("refuses %s", (given) => {
    expect(() => checkDeviceId(given)).toThrow(expect.objectContaining({ code: "invalid-name" }));
  });

  it.each(["dev-1", "new-device-2", "full-chain", "a:b", "x".repeat(128)])("takes %s", (given) => {
    expect(() => checkDeviceId(given)).not.toThrow();
  });

  property.prop([id])("takes no id whose files are a CA's", (given) => {
    fc.pre(isFree(given));
    const files = Object.values(devicePaths(given));
    for (const name of ["root", "intermediate", caNameFor(given)]) {
      expect(files).not.toEqual(expect.arrayContaining([caPaths(name).certificate]));
    }
  });
});

describe("caNameFor", () => {
  it("is the group's id where that will do", () => {
    expect(caNameFor("thermostats")).toBe("thermostats");
    expect(caNameFor("x".repeat(40))).toBe("x".repeat(40));
  });

  it("leaves room in a common name of 64 for a long id, told apart by a hash", () => {
    const [a, b] = [caNameFor(`${"x".repeat(100)}a`), caNameFor(`${"x".repeat(100)}b`)];
    expect(a).toMatch(/^x{40}~[0-9a-f]{6}$/);
    expect(a).not.toBe(b);
    expect(`${a} Intermediate`.length).toBeLessThanOrEqual(64);
  });

  it.each(["root", "Intermediate", "azure-iot-test-only.x"])("does not give %s away", (given) => {
    expect(caNameFor(given).toLowerCase()).toMatch(/^.+~[0-9a-f]{6}$/);
  });

  property.prop([fc.string({ maxLength: 130, unit: "grapheme" })])(
    "is a name that pki.json can hold, and the same for an id however it is capitalised",
    (given) => {
      const name = caNameFor(given);
      expect(name).toMatch(/^[A-Za-z0-9._:~-]{1,47}$/);
      const upper = given.replace(/[a-z]/g, (letter) => letter.toUpperCase());
      expect(caNameFor(upper).toLowerCase()).toBe(name.toLowerCase());
    },
  );
});
