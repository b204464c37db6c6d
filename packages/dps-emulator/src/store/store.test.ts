import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openFileStore } from "./file-store.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

const KINDS: [string, (folder: string) => Store | Promise<Store>][] = [
  ["in memory", openMemoryStore],
  ["in a file", openFileStore],
];

describe.each(KINDS)("a store %s", (_, open) => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dps-emulator-store-"));
    store = await open(folder);
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });

  const all = (prefix = "") => store.read((reader) => reader.list(prefix));

  it("gives back what was put, and nothing of what was deleted", () => {
    const value = { text: "ä\0b", list: [1, null, true], nested: { x: {} } };
    store.write((writer) => writer.put("a", value));
    expect(store.read((reader) => reader.get("a"))).toEqual(value);
    store.write((writer) => writer.delete("a"));
    expect(store.read((reader) => reader.get("a"))).toBe(undefined);
  });

  it("shares no object with whoever put or got it", () => {
    const value = { n: 1 };
    store.write((writer) => writer.put("a", value));
    value.n = 2;
    (store.read((reader) => reader.get("a")) as { n: number }).n = 3;
    expect(store.read((reader) => reader.get("a"))).toEqual({ n: 1 });
  });

  it("lists what begins with a prefix, in order, behind a key, up to a limit", () => {
    store.write((writer) => {
      for (const key of ["b/2", "a/1", "b/10", "b", "b/3", "c/1"]) writer.put(key, key);
    });
    const keys = (options?: { after?: string; limit?: number }) =>
      store.read((reader) => reader.list("b/", options)).map(({ key }) => key);
    expect(keys()).toEqual(["b/10", "b/2", "b/3"]);
    expect(keys({ after: "b/10", limit: 1 })).toEqual(["b/2"]);
    expect(keys({ after: "b/3" })).toEqual([]);
  });

  it("sees its own writes inside a transaction, and undoes them all when it throws", () => {
    store.write((writer) => writer.put("kept", 1));
    const fail = () =>
      store.write((writer) => {
        writer.put("kept", 2);
        writer.put("kept", 3);
        writer.put("new", 1);
        writer.delete("kept");
        expect(writer.get("new")).toBe(1);
        throw new Error("no");
      });
    expect(fail).toThrow("no");
    expect(all()).toEqual([{ key: "kept", value: 1 }]);
    store.write((writer) => writer.put("after", 1));
    expect(all()).toHaveLength(2);
  });

  const step = fc.record({
    key: fc.stringMatching(/^[ab]\/[a-c]{1,2}$/),
    value: fc.option(fc.jsonValue()),
    fails: fc.boolean(),
  });
  property.prop([fc.array(step, { maxLength: 20 })], { numRuns: 30 })(
    "does what a map would do",
    (steps) => {
      store.write((writer) => {
        for (const { key } of writer.list("")) writer.delete(key);
      });
      const model = new Map<string, unknown>();
      for (const { key, value, fails } of steps) {
        const transaction = () =>
          store.write((writer) => {
            if (value === null) writer.delete(key);
            else writer.put(key, value);
            if (fails) throw new Error("no");
          });
        if (fails) expect(transaction).toThrow("no");
        else {
          transaction();
          if (value === null) model.delete(key);
          else model.set(key, JSON.parse(JSON.stringify(value)));
        }
      }
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(all().map(({ key, value }) => [key, value])).toEqual(expected);
    },
  );
});
