/** Whole processes, in folders and with an environment of their own. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** The end of what a program said, for an error. */
const TOLD = 2000;

/**
 * @typedef {object} Scratch - a temporary folder
 * @property {() => string} folder - makes a new one within
 * @property {NodeJS.ProcessEnv} env - the user's, without settings of services, and with another home
 * @property {() => void} remove
 */

/** @returns {Scratch} */
export function makeScratch() {
  const root = mkdtempSync(join(tmpdir(), "dps-certs-bench-"));
  const home = join(root, "home");
  mkdirSync(home);
  let made = 0;
  return {
    folder: () => {
      made += 1;
      const folder = join(root, `${made}`);
      mkdirSync(folder);
      return folder;
    },
    env: { ...ordinary(process.env), HOME: home, LC_ALL: "C", TERM: "xterm" },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const SETTINGS = /^(?:DPS_|AZURE_|XDG_|npm_)/;

/** @param {NodeJS.ProcessEnv} env */
const ordinary = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SETTINGS.test(name)));

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} options
 * @param {string} options.cwd
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} [options.out] - file for its standard output; none keeps it
 * @returns {Promise<string>} its standard output, where it goes to no file
 */
export function run(command, args, { cwd, env, out }) {
  return new Promise((resolve, reject) => {
    const target = out === undefined ? "pipe" : openSync(out, "w", 0o600);
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", target, "pipe"] });
    if (typeof target === "number") closeSync(target);
    let [output, errors] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      errors = (errors + text).slice(-TOLD);
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0) return resolve(output);
      const called = [command, ...args.slice(0, 3)].map((word) => basename(word)).join(" ");
      reject(new Error(`${called} ended with ${signal ?? `status ${status}`}\n${errors}`));
    });
  });
}
