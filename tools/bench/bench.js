// Measures everything side by side and writes docs/benchmarks.md with its plots and numbers:
//   npm run bench -- [--certgen FOLDER] [--quick] [--out FOLDER] [--only devices,start] [--page]
// --quick and --only print the bars, and write nothing but where --out says so. --page writes the page
// anew from the numbers that are there.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BARS, judge } from "./bars.js";
import { findContenders, openBench } from "./contenders.js";
import { machine } from "./machine.js";
import { plan } from "./plan.js";
import { SECTIONS } from "./sections.js";
import { SLOWS_NODE } from "./whole.js";
import { jsonOf, write } from "./write.js";

/**
 * @import { Results } from "./page.js"
 * @import { Measurement } from "./whole.js"
 */

const DOCS = fileURLToPath(new URL("../../docs", import.meta.url));

const { values } = parseArgs({
  options: {
    certgen: { type: "string", default: process.env.CERTGEN_DIR },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    out: { type: "string" },
    page: { type: "boolean", default: false },
  },
});
const isNodeSlowed = process.env[SLOWS_NODE] !== undefined;
const { certgen, quick: isQuick, only } = values;
const out = values.out ?? (isQuick || only !== undefined ? undefined : DOCS);

const known = SECTIONS.map(({ id }) => id).filter((id) => id !== "startPlain" || isNodeSlowed);
const wanted = only?.split(",") ?? known;

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);

/** @returns {Promise<Results>} */
async function measureAll() {
  const [since, where] = [performance.now(), machine()];
  const bench = await openBench();
  // Interrupted, it leaves nothing either.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      bench.remove();
      process.exit(1);
    });
  }
  try {
    const { contenders, versions, missing } = await findContenders(bench, { certgen, wanted });
    for (const [name, reason] of Object.entries(missing)) say(`not measured: ${name}, ${reason}`);
    const notes = contenders.map(({ name, note = "" }) => [name, note]);
    /** @type {Record<string, Measurement>} */
    const measurements = {};
    const measures = await plan(bench, contenders, isQuick);
    for (const id of wanted) {
      const began = performance.now();
      try {
        measurements[id] = await measures[/** @type {keyof typeof measures} */ (id)]();
      } catch (error) {
        // The others are not lost for it.
        missing[id] = "failed";
        process.exitCode = 1;
        say(`${error}`);
      }
      say(`${id}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
    return {
      takenAt: new Date().toISOString().slice(0, 10),
      minutes: (performance.now() - since) / 60_000,
      ...{ isQuick, machine: where, versions, missing, notes: Object.fromEntries(notes) },
      measurements,
    };
  } finally {
    bench.remove();
  }
}

/** @param {Results} results */
const barsText = ({ measurements }) =>
  BARS.map((bar) => judge(bar, measurements))
    .filter(({ isMet }) => isMet !== undefined)
    .map(
      ({ claim, bound, value, isMet }) =>
        `${isMet ? "met" : "NOT"}  ${claim}: ${value}, ${bound}\n`,
    )
    .join("");

async function main() {
  if (values.page) {
    const folder = values.out ?? DOCS;
    return write(folder, JSON.parse(readFileSync(join(folder, "benchmarks.json"), "utf8")));
  }
  const unknown = wanted.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new Error(`there is no measurement ${unknown}; there are ${known.join(", ")}`);
  }
  const text = jsonOf(await measureAll());
  const results = JSON.parse(text);
  if (out !== undefined) {
    write(out, results);
    writeFileSync(join(out, "benchmarks.json"), text);
  }
  process.stdout.write(barsText(results));
}

await main().catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
