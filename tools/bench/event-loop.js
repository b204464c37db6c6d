/**
 * How long the process is held that makes devices or keys.
 *
 * @import { Issuer } from "./issuing.js"
 * @import { Measurement } from "./whole.js"
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import {
  createFleet,
  FIRST_INTERMEDIATE,
  generateKeyPairs,
  loadCa,
  openPki,
} from "../../packages/ca-tools/dist/index.js";
import { steadyRate } from "./issuing.js";
import { takeTurns } from "./rounds.js";

/** How long the event loop is held at the most, in milliseconds. @param {() => Promise<unknown>} work */
async function longestHold(work) {
  const resolution = 1;
  const delays = monitorEventLoopDelay({ resolution });
  // What came before counts for none of this.
  await delay(50);
  delays.enable();
  await work();
  await delay(2 * resolution);
  delays.disable();
  return delays.max / 1e6;
}

/**
 * @param {Issuer} issuer @param {number} rounds @param {number} count - devices a round
 * @param {() => string} newPki - makes a PKI folder with a chain
 * @returns {Promise<Measurement>}
 */
export async function measureEventLoop(issuer, rounds, count, newPki) {
  const fleet = (/** @type {number} */ workers) => () =>
    longestHold(() => steadyRate(issuer, workers, count));
  const held = await takeTurns(rounds, {
    "idle, for comparison": () => longestHold(() => delay(1000)),
    "issuing on the same thread": fleet(0),
    "issuing in two workers": fleet(2),
    "bulk, to a file": () => holdOfBulk(newPki(), "file", count),
    "bulk, to files": () => holdOfBulk(newPki(), "flat", count / 10),
    "RSA-4096 keys": () => longestHold(() => generateKeyPairs("rsa-4096", 2)),
  });
  return { unit: "ms", rounds: held };
}

/** @param {string} pki @param {"file" | "flat"} kind @param {number} count */
async function holdOfBulk(pki, kind, count) {
  const registry = await openPki(pki);
  if (registry === undefined) throw new Error(`there is no PKI folder at ${pki}`);
  const issuer = await loadCa(pki, registry, FIRST_INTERMEDIATE);
  const rows = Array.from({ length: count }, (_, at) => ({ line: at + 1, id: `device-${at}` }));
  const output = kind === "flat" ? { kind } : { kind, path: join(pki, "devices.ndjson") };
  const held = await longestHold(() =>
    createFleet(pki, rows, { issuer, now: () => new Date(), output }),
  );
  rmSync(pki, { recursive: true });
  return held;
}
