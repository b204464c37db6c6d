// Preloaded into a command under test: kills the process, as a power cut would, at the n-th point at
// which it is about to change a file, has just changed one, sends a request or has its answer.
// KILL_AT says n; with POINTS_FILE the number of points is left there instead.
import { subscribe } from "node:diagnostics_channel";
import fs, { writeFileSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env.KILL_AT ?? 0);
let points = 0;

const point = () => {
  points += 1;
  if (points === killAt) process.kill(process.pid, "SIGKILL");
};

/** @param {Record<string, any>} target @param {readonly string[]} names */
const patch = (target, names) => {
  for (const name of names) {
    const original = target[name];
    target[name] = function patched(/** @type {any[]} */ ...args) {
      point();
      const result = original.apply(this, args);
      if (!(result instanceof Promise)) {
        point();
        return result;
      }
      return result.then((value) => {
        point();
        return value;
      });
    };
  }
};

const report = writeFileSync;
patch(promises, ["rename", "mkdir", "unlink", "truncate", "writeFile"]);
patch(fs, ["renameSync", "mkdirSync", "writeFileSync"]);
const { open } = promises;
promises.open = async (...args) => {
  const handle = await open(...args);
  if (args[1] !== "r") patch(/** @type {any} */ (handle), ["write", "writeFile", "sync"]);
  return handle;
};
syncBuiltinESMExports();

for (const channel of ["undici:request:create", "undici:request:trailers"]) {
  subscribe(channel, point);
}

process.on("exit", () => {
  if (process.env.POINTS_FILE) report(process.env.POINTS_FILE, String(points));
});
