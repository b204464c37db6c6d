/**
 * Measurements of whole processes. Each gives rounds by name; what is compared takes turns in a round.
 *
 * @import { Bench, Contender, Work } from "./contenders.js"
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dpsCerts, oursToFiles } from "./contenders.js";
import { run } from "./processes.js";
import { takeTurns } from "./rounds.js";

/**
 * @typedef {object} Measurement
 * @property {string} unit
 * @property {Record<string, number[]>} rounds
 * @property {Record<string, number>} [perRound] - devices in a round
 */

/** @param {Work} work */
export async function seconds(work) {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}

const BARE_NODE = "node -e 0";

/** @param {Bench} bench */
const bareNode = ({ env }) => seconds(() => run(process.execPath, ["-e", "0"], { cwd: ".", env }));

/**
 * A new folder for each round, which goes once it is measured.
 *
 * @param {Bench} bench @param {(folder: string) => Work | Promise<Work>} prepare
 */
const inNewFolder = (bench, prepare) => async () => {
  const folder = bench.folder();
  const work = await prepare(folder);
  const time = await seconds(work);
  rmSync(folder, { recursive: true });
  return time;
};

/**
 * From nothing to a root and an intermediate CA in files.
 *
 * @param {Bench} bench @param {readonly Contender[]} contenders @param {number} rounds
 * @returns {Promise<Measurement>}
 */
export async function measureChain(bench, contenders, rounds) {
  const makers = contenders.flatMap(({ name, chain }) =>
    chain === undefined ? [] : [[name, inNewFolder(bench, chain)]],
  );
  const measured = { [BARE_NODE]: () => bareNode(bench), ...Object.fromEntries(makers) };
  return { unit: "s", rounds: await takeTurns(rounds, measured) };
}

/**
 * Keys and certificates of devices, in devices a second.
 *
 * @param {Bench} bench @param {readonly Contender[]} contenders @param {number} rounds
 * @param {number} part - of the devices that are a round's
 * @returns {Promise<Measurement>}
 */
export async function measureDevices(bench, contenders, rounds, part) {
  const counts = contenders.map(({ name, perRound }) => [name, Math.ceil(perRound * part)]);
  const perRound = Object.fromEntries(counts);
  const makers = contenders.map(({ name, devices }) => {
    const count = perRound[name];
    const measure = inNewFolder(bench, (folder) => devices(folder, count));
    return [name, async () => count / (await measure())];
  });
  const measured = await takeTurns(rounds, Object.fromEntries(makers));
  return { unit: "devices/s", rounds: measured, perRound };
}

/** Devices that are made as files. */
const FILES = 100;

/**
 * A hundred devices as files.
 *
 * @param {Bench} bench @param {readonly Contender[]} contenders @param {number} rounds
 * @returns {Promise<Measurement>}
 */
export async function measureFiles(bench, contenders, rounds) {
  const files = [oursToFiles(bench), ...contenders.filter(({ name }) => name === "openssl")];
  const makers = files.map(({ name, devices }) => [
    name,
    inNewFolder(bench, (folder) => devices(folder, FILES)),
  ]);
  return { unit: "s", rounds: await takeTurns(rounds, Object.fromEntries(makers)) };
}

/** Certificates that every process of Node reads as it starts, which takes longer than the rest of it. */
export const SLOWS_NODE = "NODE_EXTRA_CA_CERTS";

/** As it is where Node has nothing to read. @param {Bench} bench @param {number} rounds */
export async function measureStartPlain(bench, rounds) {
  const { [SLOWS_NODE]: _, ...env } = bench.env;
  return await measureStart({ ...bench, env }, rounds);
}

/**
 * What there is to wait for before a command does anything.
 *
 * @param {Bench} bench @param {number} rounds
 * @returns {Promise<Measurement>}
 */
export async function measureStart(bench, rounds) {
  /** @param {...string} args */
  const command = (...args) => inNewFolder(bench, (folder) => () => dpsCerts(bench, folder, args));
  // Where nothing is kept of what V8 compiled earlier.
  const firstTime = (/** @type {string[]} */ ...args) =>
    inNewFolder(bench, (folder) => {
      const env = { ...bench.env, XDG_CACHE_HOME: bench.folder() };
      return () => dpsCerts({ ...bench, env }, folder, args);
    });
  const measured = {
    [BARE_NODE]: () => bareNode(bench),
    "dps-certs --help": command("--help"),
    "dps-certs --help, first time": firstTime("--help"),
    "dps-certs ca create": command("ca", "create"),
    "dps-certs ca create, first time": firstTime("ca", "create"),
    "dps-certs enroll": command("enroll", "fleet"),
    "dps-certs enroll, first time": firstTime("enroll", "fleet"),
  };
  // Afterwards all but the first times find what V8 compiled.
  await takeTurns(1, measured);
  return { unit: "s", rounds: await takeTurns(rounds, measured) };
}

/**
 * The most memory that is resident while devices go to a program that reads them.
 *
 * @param {Bench} bench @param {readonly number[]} counts
 * @returns {Promise<Measurement>}
 */
export async function measureMemory(bench, counts) {
  const report = fileURLToPath(new URL("report-memory.cjs", import.meta.url));
  const script = `"$0" --require "$@" --prefix device --as ndjson | cat > /dev/null`;
  /** @type {Record<string, number[]>} */
  const rounds = {};
  for (const count of counts) {
    const folder = bench.folder();
    const file = join(folder, "memory");
    const env = { ...bench.env, BENCH_MEMORY_FILE: file };
    await dpsCerts(bench, folder, ["ca", "create"]);
    const create = [bench.cli, "device", "create", "--count", `${count}`];
    await run("sh", ["-c", script, process.execPath, report, ...create], { cwd: folder, env });
    rounds[`${count.toLocaleString("en")} devices`] = [Number(readFileSync(file, "utf8"))];
    rmSync(folder, { recursive: true });
  }
  return { unit: "MiB", rounds };
}
