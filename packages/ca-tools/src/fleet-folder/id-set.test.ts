import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { createIdSet } from "./id-set.ts";

describe("a set of ids", () => {
  property.prop([fc.array(fc.stringMatching(/^[A-Ca-c1:._-]{0,3}$/))])(
    "has what was added, whatever its letter case, and nothing else",
    (ids) => {
      const set = createIdSet();
      const reference = new Set<string>();
      for (const id of ids) {
        expect(set.has(id)).toBe(reference.has(id.toLowerCase()));
        expect(set.add(id)).toBe(!reference.has(id.toLowerCase()));
        reference.add(id.toLowerCase());
      }
      for (const id of ids) expect(set.has(id.toUpperCase())).toBe(true);
      expect(set.has("never added")).toBe(false);
    },
  );

  it("keeps all of many while it grows", () => {
    const set = createIdSet();
    const ids = Array.from({ length: 5000 }, (_, n) => `device-${n}`);
    expect(ids.every((id) => set.add(id))).toBe(true);
    expect(ids.every((id) => set.has(id))).toBe(true);
    expect(ids.some((id) => set.has(`x${id}`) || set.add(id))).toBe(false);
  });
});
