import { existsSync, readFileSync, utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

const PRELOAD = fileURLToPath(new URL("./testing/kill-at.js", import.meta.url));
const ENROLL = ["enroll", "thermostats", "--devices", "2", "--register"];
/** Points at which it is killed: spread over the whole run, since each costs a process. */
const SAMPLES = process.env.DPS_CERTS_TEST_CRASHES === "all" ? 24 : 5;

const start = (bench: Bench, env: Record<string, string>) =>
  bench.start(ENROLL, { env, nodeArgs: ["--import", PRELOAD] }).ended;

async function countPoints(): Promise<number> {
  const bench = createBench();
  await start(bench, { POINTS_FILE: bench.path("points") });
  return Number(readFileSync(bench.path("points"), "utf8"));
}

/** The killed process cannot give its lock back; what counts is how long ago it renewed it. */
function letLockGrowOld(bench: Bench): void {
  const lock = bench.path("pki/.lock");
  const old = new Date(Date.now() - 60_000);
  if (existsSync(lock)) utimesSync(lock, old, old);
}

async function killAndFinish(point: number): Promise<void> {
  const bench = createBench();
  const killed = await start(bench, { KILL_AT: String(point) });
  expect(killed.status).toBe(-1);
  letLockGrowOld(bench);
  const finished = await bench.run(ENROLL.join(" "));
  expect([point, finished.status, finished.stderr]).toEqual([point, 0, expect.any(String)]);
  // A third run finds nothing left to do, and no device has a second certificate.
  const again = await bench.run(ENROLL.join(" "));
  expect(again.stdout).toBe("thermostats was enrolled already; nothing to do\n");
  const rows = readFileSync(bench.path("pki/index.txt"), "utf8").trim().split("\n");
  const devices = rows.filter((row) => /CN=thermostats-00\d$/.test(row));
  expect([point, devices.length]).toEqual([point, 2]);
  const leftovers = Object.keys(bench.snapshot()).filter((path) => /\.tmp-|\.pending\//.test(path));
  expect([point, leftovers]).toEqual([point, []]);
}

describe("enroll, killed", () => {
  it("finishes the rest when it is run again, wherever it was killed", {
    timeout: 240_000,
  }, async () => {
    const total = await countPoints();
    expect(total).toBeGreaterThan(SAMPLES);
    const points = Array.from({ length: SAMPLES }, (_, index) =>
      Math.max(1, Math.round(((index + 0.5) * total) / SAMPLES)),
    );
    // Two at a time: most of each is one process waiting for its own start.
    for (let at = 0; at < points.length; at += 2) {
      await Promise.all(points.slice(at, at + 2).map(killAndFinish));
    }
  });
});
