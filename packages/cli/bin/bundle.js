"use strict";
// Loads the bundle with the code that V8 compiled for the same command at an earlier run: compiling
// is a third of a command's time. Node has this since 22.1 (module.enableCompileCache), by module and
// in the folder of all users' temporary files; here it is by command, and the user's own.
const fs = require("node:fs");
const { createRequire } = require("node:module");
const { dirname, isAbsolute, join } = require("node:path");
const { Script } = require("node:vm");

/**
 * @typedef {Map<string, Buffer>} Compiled - compiled code by the name of its module
 * @typedef {{ build: string, commands: string[] }} Description - first line of the bundle
 */

/** Milliseconds after which what an older bundle or another Node left is removed. */
const KEPT_MS = 30 * 86_400_000;

const BUNDLE = join(__dirname, "../bundle");
const MAIN = join(BUNDLE, "main.js");
const PACKAGES = ["cli", "ca-tools", "dps-client", "dps-emulator", "dps-protocol"];

/** @param {string} file @returns {number} 0 where there is none */
const modifiedAt = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** @param {string} name - of a package in a checkout */
const builtAt = (name) => modifiedAt(join(__dirname, "../..", name, "dist/tsconfig.tsbuildinfo"));

/** Whether to run the bundle. What is installed has no other; in a checkout a build may be newer. */
const isFresh = () => {
  const made = modifiedAt(MAIN);
  const isInstalled = modifiedAt(join(__dirname, "../dist/tsconfig.tsbuildinfo")) === 0;
  return made > 0 && (isInstalled || PACKAGES.every((name) => builtAt(name) <= made));
};

/** @returns {any} what the main module exports */
const loadBundle = () => {
  const source = fs.readFileSync(MAIN, "utf8");
  /** @type {Description} */
  const description = JSON.parse(source.slice(2, source.indexOf("\n")));
  const file = cacheFile(process.env, description, process.argv.slice(2));
  const compiled = file === undefined ? new Map() : readCompiled(file);
  const loader = createLoader(compiled);
  if (file !== undefined) {
    process.on("exit", (status) => {
      if (status === 0 && loader.isWorthKeeping()) writeCompiled(file, loader.compile());
    });
  }
  return loader.load("main.js", source);
};

/**
 * A loader of CommonJS for the bundle's modules, which require one another as "./name".
 *
 * @param {Compiled} compiled
 */
const createLoader = (compiled) => {
  const requireOther = createRequire(MAIN);
  /** @type {Map<string, { exports: any }>} */
  const modules = new Map();
  /** @type {Map<string, Script>} */
  const scripts = new Map();
  let isComplete = true;

  /** @param {string} id */
  const requireAny = (id) => (id.startsWith("./") ? load(id.slice(2)) : requireOther(id));

  /** @param {string} name @param {string} [source] */
  const load = (name, source) => {
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    const filename = join(BUNDLE, name);
    const cachedData = compiled.get(name);
    const script = new Script(wrap(source ?? fs.readFileSync(filename, "utf8")), {
      filename,
      ...(cachedData && { cachedData }),
    });
    if (cachedData === undefined || script.cachedDataRejected) isComplete = false;
    scripts.set(name, script);
    script.runInThisContext()(module.exports, requireAny, module, filename, BUNDLE);
    return module.exports;
  };

  return {
    load,
    /** Whether something was compiled that was not in the cache, or not for this V8. */
    isWorthKeeping: () => !isComplete,
    /** Made at the end of a run, when V8 has compiled the functions that the command calls. */
    compile: () => new Map([...scripts].map(([name, script]) => [name, script.createCachedData()])),
  };
};

/** @param {string} source */
const wrap = (source) =>
  `(function (exports, require, module, __filename, __dirname) {${source}\n})`;

/**
 * Where the compiled code of a command lies; undefined where there is no place for it.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {Description} description
 * @param {readonly string[]} argv
 */
const cacheFile = (env, { build, commands }, argv) => {
  if (env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const home = env.HOME && isAbsolute(env.HOME) ? env.HOME : undefined;
  const folders = [
    env.XDG_CACHE_HOME,
    env.LOCALAPPDATA,
    home && join(home, process.platform === "darwin" ? "Library/Caches" : ".cache"),
  ];
  const folder = folders.find((path) => path && isAbsolute(path));
  // With sudo the home may still be the user's, where files of root would be in the way.
  if (folder === undefined || !isOwn(fs.statSync(home ?? folder, { throwIfNoEntry: false }))) {
    return undefined;
  }
  const name = [build, process.version, process.arch, commandOf(commands, argv)].join("-");
  return join(folder, "dps-certs", name);
};

/** @param {readonly string[]} commands @param {readonly string[]} argv */
const commandOf = (commands, argv) => {
  const [first = "", second = ""] = argv;
  const asksForHelp = argv.includes("--help") || argv.includes("-h");
  const found = commands.find((name) => name === first || name === `${first} ${second}`);
  return asksForHelp || found === undefined ? "help" : found.replace(" ", "-");
};

/** @param {fs.Stats | undefined} stats */
const isOwn = (stats) =>
  stats !== undefined && (process.getuid === undefined || stats.uid === process.getuid());

/**
 * @param {string} file
 * @returns {Compiled} nothing, if the file is not there or others could have written it: V8 runs
 *   compiled code as it finds it
 */
const readCompiled = (file) => {
  try {
    const handle = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0));
    try {
      const stats = fs.fstatSync(handle);
      const isSafe = isOwn(stats) && (process.platform === "win32" || (stats.mode & 0o022) === 0);
      return isSafe ? unpack(fs.readFileSync(handle)) : new Map();
    } finally {
      fs.closeSync(handle);
    }
  } catch {
    return new Map();
  }
};

/** @param {string} file @param {Compiled} compiled */
const writeCompiled = (file, compiled) => {
  try {
    const folder = dirname(file);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.${Date.now()}`;
    fs.writeFileSync(temporary, pack(compiled), { flag: "wx", mode: 0o600 });
    fs.renameSync(temporary, file);
    for (const name of fs.readdirSync(folder)) {
      const path = join(folder, name);
      if (Date.now() - fs.statSync(path).mtimeMs > KEPT_MS) fs.unlinkSync(path);
    }
  } catch {
    // The next run compiles again.
  }
};

/** Length of a table of names and lengths, the table, and the code. @param {Compiled} compiled */
const pack = (compiled) => {
  const table = Buffer.from(
    JSON.stringify([...compiled].map(([name, { length }]) => [name, length])),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(table.length);
  return Buffer.concat([length, table, ...compiled.values()]);
};

/** @param {Buffer} bytes @returns {Compiled} */
const unpack = (bytes) => {
  let at = 4 + bytes.readUInt32LE();
  /** @type {[name: string, length: number][]} */
  const table = JSON.parse(bytes.toString("utf8", 4, at));
  return new Map(
    table.map(([name, length]) => {
      at += length;
      return [name, bytes.subarray(at - length, at)];
    }),
  );
};

module.exports = { isFresh, loadBundle };
