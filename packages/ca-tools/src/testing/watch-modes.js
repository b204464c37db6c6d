/**
 * Makes a chain and a device under umask 0 and prints every mode that a path had at any call to the
 * file system, as JSON: `node watch-modes.js FOLDER TIME`.
 */
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

process.umask(0);
const [folder = "", time = ""] = process.argv.slice(2);
const now = new Date(time);

/** @type {Record<string, Set<number>>} */
const seen = {};

function look() {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const found = fs.lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (found === undefined) continue;
    seen[name] ??= new Set();
    seen[name].add(found.mode & 0o777);
  }
}

const target = /** @type {Record<string, any>} */ (promises);
for (const name of ["open", "rename", "mkdir", "unlink"]) {
  const original = target[name];
  target[name] = async (/** @type {any[]} */ ...args) => {
    look();
    const result = await original(...args);
    look();
    return result;
  };
}
syncBuiltinESMExports();

const { createDevices, createIntermediate, createRoot, loadCa, openPki } = await import(
  "../index.ts"
);
await createRoot(folder, { commonName: "Root", now });
const { name } = await createIntermediate(folder, { commonName: "CA", now, group: null });
const registry = await openPki(folder);
if (registry === undefined) throw new Error("no folder");
await createDevices(folder, { ids: ["dev-1"], now, issuer: await loadCa(folder, registry, name) });
look();
const modes = Object.entries(seen).map(([path, found]) => [path, [...found]]);
process.stdout.write(JSON.stringify(Object.fromEntries(modes)));
