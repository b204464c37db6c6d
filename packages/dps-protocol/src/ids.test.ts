import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { certificateNameProblem, deviceIdProblem, idKey, idProblem, sameId } from "./ids.ts";

const inside = fc.constantFrom(..."abzABZ019-._:");
const last = fc.constantFrom(..."abzABZ019-");
const validId = fc
  .tuple(fc.array(inside, { maxLength: 127 }), last)
  .map(([rest, end]) => rest.join("") + end);

describe("registration ids and enrollment group ids", () => {
  test.prop([validId])("allow letters, digits and - . _ : before a letter, digit or -", (id) => {
    expect(idProblem(id)).toBeUndefined();
  });

  it.each([
    ["", "empty"],
    ["a".repeat(129), "129 characters"],
    ["a b", "only letters"],
    ["a/b", "only letters"],
    ["../x", "only letters"],
    ["tür", "only letters"],
    ["a\n", "only letters"],
    ["dev.", "last character"],
    ["dev:", "last character"],
    ["dev_", "last character"],
  ])("refuse %j: %s", (id, reason) => {
    expect(idProblem(id)).toContain(reason);
  });

  test.prop([fc.string()])("are judged without throwing, whatever the text", (text) => {
    expect([undefined, "string"]).toContain(idProblem(text) && typeof idProblem(text));
  });

  test.prop([validId])("are the same whatever their letter case", (id) => {
    expect(sameId(id.toUpperCase(), id.toLowerCase())).toBe(true);
    expect(idKey(id.toUpperCase())).toBe(idKey(id));
  });

  it("differ from a name that only Unicode folds to them", () => {
    // U+212A, the Kelvin sign, is a k in lower case.
    expect("\u212Aettle".toLowerCase()).toBe("kettle");
    expect(sameId("\u212Aettle", "kettle")).toBe(false);
  });
});

describe("ids of X.509 devices", () => {
  it("fit into a common name", () => {
    expect(deviceIdProblem("d".repeat(64))).toBeUndefined();
    expect(deviceIdProblem("d".repeat(65))).toContain("the common name of a certificate holds 64");
  });

  it("keep to the id rule", () => {
    expect(deviceIdProblem("a b")).toContain("only letters");
    expect(deviceIdProblem("d".repeat(129))).toContain("at most 128");
  });
});

describe("names of certificates in the service", () => {
  it.each(["a", "thermostats-root", "A.b_c-9", "x".repeat(64)])("may be %s", (name) => {
    expect(certificateNameProblem(name)).toBeUndefined();
  });

  it.each(["", ".", "..", "a b", "a/b", "a:b", "x".repeat(65), "ä"])("may not be %j", (name) => {
    expect(certificateNameProblem(name)).toContain("1 to 64 characters");
  });
});
