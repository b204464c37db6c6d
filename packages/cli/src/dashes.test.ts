import { describe, expect, it } from "vitest";
import { shieldDashes, unshieldDashes } from "./dashes.ts";

describe("an argument behind --", () => {
  it("reaches the command as it was typed", () => {
    const words = shieldDashes(["certgen", "x", "--days", "3", "--", "-a", "b", "--days", "--"]);
    expect(words.slice(0, 4)).toEqual(["certgen", "x", "--days", "3"]);
    expect(words.filter((word) => word.startsWith("-"))).toEqual(["--days"]);
    const { cn, days } = unshieldDashes({ cn: words.slice(4), days: words[3] });
    expect([cn, days]).toEqual([["-a", "b", "--days", "--"], "3"]);
  });

  it("is like any other where there is no --", () => {
    const words = ["device", "create", "a", "--json"];
    expect(shieldDashes(words)).toEqual(words);
    expect(unshieldDashes({ id: ["a"], json: true })).toEqual({ id: ["a"], json: true });
  });
});
