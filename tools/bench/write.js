/** @import { Results } from "./page.js" */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { page, plots } from "./page.js";

/** With each list of numbers on a line of its own. @param {Results} results */
export const jsonOf = (results) => {
  const digits = (/** @type {string} */ _, /** @type {unknown} */ value) =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value;
  const lists = /\[\s+([-\d.,\s]+?)\s+\]/g;
  return `${JSON.stringify(results, digits, 2).replace(lists, (_, list) => `[${list.replace(/\s+/g, " ")}]`)}\n`;
};

/** The page and its plots. @param {string} folder @param {Results} results */
export function write(folder, results) {
  mkdirSync(join(folder, "benchmarks"), { recursive: true });
  writeFileSync(join(folder, "benchmarks.md"), page(results));
  for (const [name, svg] of Object.entries(plots(results))) {
    writeFileSync(join(folder, "benchmarks", name), svg);
  }
}
