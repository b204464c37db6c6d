/**
 * What is measured, and how often.
 *
 * @import { Bench, Contender } from "./contenders.js"
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { measureEventLoop } from "./event-loop.js";
import { makeIssuer, measureOneThread, measureWorkers } from "./issuing.js";
import { measureRsa } from "./rsa.js";
import { measureService } from "./service.js";
import {
  measureChain,
  measureDevices,
  measureFiles,
  measureMemory,
  measureStart,
  measureStartPlain,
} from "./whole.js";

/**
 * @param {Bench} bench @param {readonly Contender[]} contenders
 * @param {boolean} isQuick - too few rounds to build on
 */
export async function plan(bench, contenders, isQuick) {
  const issuer = await makeIssuer();
  const newPki = () => {
    const pki = join(bench.folder(), "pki");
    cpSync(bench.pki, pki, { recursive: true });
    return pki;
  };
  /** @param {number} full @param {number} quick */
  const many = (full, quick) => (isQuick ? quick : full);
  return {
    start: () => measureStart(bench, many(15, 3)),
    startPlain: () => measureStartPlain(bench, many(15, 3)),
    chain: () => measureChain(bench, contenders, many(9, 2)),
    devices: () => measureDevices(bench, contenders, many(7, 2), many(1, 0.1)),
    files: () => measureFiles(bench, contenders, many(11, 3)),
    oneThread: () => measureOneThread(issuer, many(200, 50)),
    workers: () => measureWorkers(issuer, many(7, 2), many(20_000, 5000)),
    eventLoop: () => measureEventLoop(issuer, many(5, 1), many(20_000, 5000), newPki),
    service: () => measureService(bench, many(5, 2), many(500, 50), many(2000, 200)),
    rsa: () => measureRsa(many(20, 2)),
    memory: () => measureMemory(bench, isQuick ? [20_000] : [100_000, 1_000_000]),
  };
}
