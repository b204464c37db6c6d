import { existsSync, mkdirSync, rmdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../testing/scratch.ts";
import { LOCK_NAME, STALE_MS, withLock } from "./lock.ts";

const ONCE = { tries: 1, pauseMs: 0 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("withLock", () => {
  it("lets one in at a time", async () => {
    const folder = scratch();
    let inside = 0;
    const most: number[] = [];
    const work = async () => {
      inside += 1;
      await turn();
      most.push(inside);
      inside -= 1;
    };
    await Promise.all(
      Array.from({ length: 8 }, () => withLock(folder, work, { tries: 500, pauseMs: 1 })),
    );
    expect(most).toEqual(Array(8).fill(1));
  });

  it("says that another command is at work when the wait is over", async () => {
    const folder = scratch();
    const waiting = withLock(folder, () => withLock(folder, turn, { tries: 3, pauseMs: 1 }), ONCE);
    await expect(waiting).rejects.toMatchObject({ code: "locked" });
  });

  it("takes over from a holder that died", async () => {
    const folder = scratch();
    mkdirSync(join(folder, LOCK_NAME));
    const long = Date.now() / 1000 - STALE_MS / 1000 - 1;
    utimesSync(join(folder, LOCK_NAME), long, long);
    expect(await withLock(folder, () => Promise.resolve("in"), ONCE)).toBe("in");
  });

  it("is given back, whatever happens inside", async () => {
    const folder = scratch();
    const failing = withLock(folder, () => Promise.reject(new Error("inside")), ONCE);
    await expect(failing).rejects.toThrow("inside");
    expect(existsSync(join(folder, LOCK_NAME))).toBe(false);
  });

  it("does not wait for a folder that is not there", async () => {
    const nowhere = withLock(join(scratch(), "none"), turn, { tries: 1000, pauseMs: 1000 });
    await expect(nowhere).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("knows when another took it over, and leaves that one's lock alone", async () => {
    const folder = scratch();
    const path = join(folder, LOCK_NAME);
    const work = withLock(folder, async ({ assertHeld }) => {
      await assertHeld();
      rmdirSync(path);
      await expect(assertHeld()).rejects.toMatchObject({ code: "locked", file: path });
      mkdirSync(path);
      await assertHeld();
    });
    await expect(work).rejects.toMatchObject({ code: "locked" });
    expect(existsSync(path)).toBe(true);
  });
});
