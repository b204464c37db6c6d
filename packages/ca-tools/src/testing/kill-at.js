/**
 * Preloaded: kills the process with SIGKILL at the change to the file system whose number is in
 * KILL_AT; a write is cut in half first. Without a number that is reached, tells how many there were.
 */
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env.KILL_AT);
let changes = 0;

function count() {
  changes += 1;
  return changes === killAt;
}

const kill = () => process.kill(process.pid, "SIGKILL");

/** @param {Record<string, any>} target @param {string} name @param {(...args: any[]) => boolean} isChange */
function patch(target, name, isChange = () => true) {
  const original = target[name];
  target[name] = function patched(/** @type {any[]} */ ...args) {
    if (isChange(...args) && count()) kill();
    return original.apply(this, args);
  };
}

for (const name of ["rename", "mkdir", "unlink", "truncate", "rm"]) patch(promises, name);
patch(promises, "open", (_path, flags) => flags !== "r");
// The lock is a folder that is made and removed by the older interface.
for (const name of ["mkdir", "rmdir"]) patch(fs, name);

const probe = await promises.open(process.execPath, "r");
const handles = Object.getPrototypeOf(probe);
await probe.close();
const { writeFile } = handles;
handles.writeFile = function patched(/** @type {string | Uint8Array} */ data) {
  if (count()) {
    const bytes = Buffer.from(data);
    fs.writeSync(this.fd, bytes.subarray(0, bytes.length / 2));
    kill();
  }
  return writeFile.call(this, data);
};

syncBuiltinESMExports();
process.on("exit", () => process.stderr.write(`changes: ${changes}\n`));
