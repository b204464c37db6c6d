/** What a run was taken on. */
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";

/**
 * @typedef {object} Machine
 * @property {string} processor
 * @property {number} cores
 * @property {number} memoryGiB
 * @property {string} system
 * @property {string} node
 * @property {string} openssl - the one in Node
 * @property {number} load - average of the minute before
 */

/** @returns {Machine} */
export const machine = () => ({
  processor: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release().split("-")[0]} ${arch()}`,
  node: process.version,
  openssl: process.versions.openssl,
  load: Number((loadavg()[0] ?? 0).toFixed(2)),
});
