import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createBench } from "./testing/bench.ts";

interface CleanedUp {
  deleted: { kind: string; name: string }[];
  kept: { name: string; reason: string }[];
  archive: string | null;
}

describe("cleanup", () => {
  it("deletes what enroll made, and nothing is left", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 2 --register");
    const { deleted } = (await bench.json("cleanup thermostats --yes")) as CleanedUp;
    expect(deleted).toEqual([
      { kind: "registration", name: "thermostats-001" },
      { kind: "registration", name: "thermostats-002" },
      { kind: "group", name: "thermostats" },
      { kind: "certificate", name: "thermostats-root" },
    ]);
    expect(await bench.json("group list")).toEqual([]);
    expect(await bench.json("certificate list")).toEqual([]);
    expect(await bench.json("device list")).toHaveLength(2);
  });

  it("lists it first, and does nothing unless somebody agrees", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    const unasked = await bench.run("cleanup thermostats");
    expect([unasked.status, unasked.stderr]).toEqual([1, expect.stringContaining("--yes")]);
    expect(unasked.stderr).toContain("thermostats-root   to be deleted");
    const no = await bench.run("cleanup thermostats", { confirm: () => Promise.resolve(false) });
    expect([no.status, no.stderr]).toEqual([1, expect.stringContaining("nothing was deleted")]);
    expect(await bench.json("group list")).toHaveLength(1);
    const yes = await bench.run("cleanup thermostats", { confirm: () => Promise.resolve(true) });
    expect(yes.stdout).toBe("thermostats is cleaned up\n");
  });

  it("keeps a CA that another group chains to", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("enroll boilers --devices 1");
    const { kept } = (await bench.json("cleanup thermostats --yes")) as CleanedUp;
    expect(kept).toMatchObject([
      { name: "thermostats-root", reason: "the group boilers chains to it" },
    ]);
    const registered = await bench.run("device register boilers-001");
    expect(registered.status).toBe(0);
    const last = (await bench.json("cleanup boilers --yes")) as CleanedUp;
    expect(last.deleted.map(({ name }) => name)).toContain("thermostats-root");
  });

  it("leaves a group alone that is not this folder's", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    const outcome = (await bench.json("cleanup thermostats --yes --pki other")) as CleanedUp;
    expect(outcome.deleted).toEqual([]);
    expect(outcome.kept).toMatchObject([
      { reason: "its signing certificate is not this PKI folder's" },
    ]);
    expect(await bench.json("group list")).toHaveLength(1);
  });

  it("has nothing to do when it is run again", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("cleanup thermostats --yes");
    expect((await bench.run("cleanup thermostats --yes")).stdout).toBe(
      "nothing of thermostats to clean up\n",
    );
  });

  it("makes no state where there is none", async () => {
    const bench = createBench();
    expect((await bench.run("cleanup thermostats --yes")).stdout).toContain(
      "nothing of thermostats",
    );
    expect(bench.snapshot()).toEqual({});
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });

  it("moves the local files away with --local, and loses none", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    await bench.run("enroll boilers --devices 1");
    const before = bench.snapshot();
    const { archive } = (await bench.json("cleanup thermostats --local --yes")) as CleanedUp;
    const after = bench.snapshot();
    const moved = Object.keys(before).filter((path) => !(path in after));
    expect(moved.length).toBeGreaterThan(5);
    for (const path of moved)
      expect(after[path.replace("pki/", `pki/${archive}/`)]).toBe(before[path]);
    expect(await bench.json("device list")).toMatchObject([{ id: "boilers-001" }]);
    const again = await bench.run("enroll thermostats --devices 1 --register");
    expect(again.status).toBe(0);
  });
});
