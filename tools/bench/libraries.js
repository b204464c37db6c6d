/**
 * Libraries that a user would write a program with.
 *
 * @import { Contender, Bench } from "./contenders.js"
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./processes.js";

const FOLDER = fileURLToPath(new URL("peers", import.meta.url));

/** @param {Bench} bench @param {string} library @param {Pick<Contender, "note" | "perRound">} about */
const npmLibrary = (bench, library, about) => {
  /** @param {...string} args */
  const work = (...args) => [process.execPath, join(FOLDER, "work.js"), library, ...args];
  return libraryOf(bench, `${library} (npm)`, work, about, () => {
    try {
      return JSON.parse(readFileSync(join(FOLDER, "node_modules", library, "package.json"), "utf8"))
        .version;
    } catch (cause) {
      throw new Error("not installed: npm install --prefix tools/bench/peers", { cause });
    }
  });
};

/**
 * @param {Bench} bench
 * @param {string} name
 * @param {(...args: string[]) => string[]} command
 * @param {Pick<Contender, "note" | "perRound">} about
 * @param {Contender["version"]} version
 * @returns {Contender}
 */
function libraryOf({ env, authority, rsaAuthority }, name, command, about, version) {
  const call = (/** @type {string} */ folder, /** @type {string[]} */ ...args) => {
    const [program = "", ...rest] = command(...args);
    return run(program, rest, { cwd: folder, env, out: join(folder, "devices.ndjson") });
  };
  return {
    name,
    version,
    chain: (folder) => () => call(folder, "chain", folder),
    devices: (folder, count) => {
      const { certificate, key } = name.startsWith("node-forge") ? rsaAuthority : authority;
      return () => call(folder, "devices", `${count}`, certificate, key);
    },
    ...about,
  };
}

/** @param {Bench} bench @returns {Contender} */
const goLibrary = (bench) => {
  const built = join(bench.folder(), "devices");
  const env = { ...bench.env, GOCACHE: bench.folder(), GO111MODULE: "off", GOTOOLCHAIN: "local" };
  const about = { note: "compiled before; one process, on all cores", perRound: 20_000 };
  return libraryOf(
    bench,
    "Go crypto/x509",
    (...args) => [built, ...args],
    about,
    async () => {
      const version = await run("go", ["version"], { cwd: ".", env });
      await run("go", ["build", "-o", built, join(FOLDER, "devices.go")], { cwd: ".", env });
      return version.trim();
    },
  );
};

/** @param {Bench} bench @returns {Contender[]} */
export const libraries = (bench) => [
  goLibrary(bench),
  npmLibrary(bench, "pkijs", { note: "one process", perRound: 500 }),
  npmLibrary(bench, "selfsigned", { note: "one process", perRound: 100 }),
  npmLibrary(bench, "node-forge", {
    note: "one process, with RSA-2048: it has no EC keys",
    perRound: 10,
  }),
];
