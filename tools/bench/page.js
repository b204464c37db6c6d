/**
 * The page and its plots, from nothing but a run's numbers.
 *
 * @import { Machine } from "./machine.js"
 * @import { Section } from "./sections.js"
 * @import { Measurement } from "./whole.js"
 */
import { BARS, judge, short } from "./bars.js";
import { plot } from "./plot.js";
import { ratioOf, spreadOf } from "./rounds.js";
import { OURS, SECTIONS } from "./sections.js";

/**
 * @typedef {object} Results
 * @property {string} takenAt - day
 * @property {number} minutes - that it took
 * @property {boolean} isQuick
 * @property {Machine} machine
 * @property {Record<string, string>} versions - by program
 * @property {Record<string, string>} missing - why it was not measured, by program
 * @property {Record<string, string>} notes - what to know of it, by program
 * @property {Record<string, Measurement>} measurements
 */

/**
 * @param {Results} results
 * @returns {string} Markdown
 */
export const page = (results) =>
  [
    "# Benchmarks",
    preface(results),
    barsOf(results),
    ...SECTIONS.map((section) => sectionOf(section, results)),
    programsOf(results),
    methodOf(results),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");

/** @param {Results} results */
function preface({ takenAt, minutes, isQuick, machine }) {
  const { processor, cores, memoryGiB, system, node, openssl, load } = machine;
  const quick = "**A quick run: too few rounds to build on.** ";
  const busy = "**The machine was busy with other work.** ";
  return `${isQuick ? quick : ""}${load > cores / 2 ? busy : ""}\`npm run bench\` has written this page, on ${takenAt}, in ${short(minutes)} minutes.

Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB; ${system}; Node ${node} with OpenSSL ${openssl}; load of the minute before ${load}. The numbers are worth as much as their ratios: compare within a table only.`;
}

/** @param {Results} results */
function barsOf({ measurements }) {
  const rows = BARS.map((bar) => {
    const { claim, bound, value, isMet } = judge(bar, measurements);
    return [claim, bound, value, isMet === undefined ? "" : isMet ? "yes" : "**no**"];
  });
  const text = ["Medians of the ratios within each round, with their quartiles."];
  if (measurements.startPlain !== undefined) {
    text.push(
      "NODE_EXTRA_CA_CERTS was set, which makes bare Node slower to start; [without it](#start-up-without-node_extra_ca_certs) our part of a start weighs more.",
    );
  }
  return `## Bars\n\n${text.join(" ")}\n\n${table(["", "bound", "this run", "met"], rows)}`;
}

/** @param {Section} section @param {Results} results */
function sectionOf({ id, title, text, base, plotTitle }, { measurements, notes }) {
  const measurement = measurements[id];
  if (measurement === undefined) return "";
  const { unit, rounds, perRound } = measurement;
  const hasNotes = id === "devices";
  const columns = [
    ...["", unit === "s" ? "time" : unit, "quartiles"],
    ...(base === undefined ? [] : [base === OURS ? `${OURS} is … times as fast` : `to ${base}`]),
    ...(perRound ? ["devices a round"] : []),
    ...(hasNotes ? ["how"] : []),
  ];
  const rows = ordered(measurement).map(({ name, median, low, high }) => [
    ...[name, told(median, unit)],
    rounds[name]?.length === 1 ? "" : `${told(low, unit)}–${told(high, unit)}`,
    ...(base === undefined ? [] : [comparison(measurement, name, base)]),
    ...(perRound ? [(perRound[name] ?? 0).toLocaleString("en")] : []),
    ...(hasNotes ? [notes[name] ?? ""] : []),
  ]);
  const image = plotTitle === undefined ? "" : `![${plotTitle}](benchmarks/${id}.svg)\n\n`;
  return `## ${title}\n\n${text}\n\n${image}${table(columns, rows)}`;
}

/** How many times as fast we are; the value to the base's where that is not ours. */
function comparison(
  /** @type {Measurement} */ { unit, rounds },
  /** @type {string} */ name,
  /** @type {string} */ base,
) {
  const [its, theBase] = [rounds[name] ?? [], rounds[base] ?? []];
  const isInverse = base === OURS && unit !== "s";
  const { median } = isInverse ? ratioOf(theBase, its) : ratioOf(its, theBase);
  return `${short(median)}×`;
}

/** The best first. @param {Measurement} measurement */
function ordered({ unit, rounds }) {
  const rows = Object.entries(rounds).map(([name, values]) => ({ name, ...spreadOf(values) }));
  return unit === "devices/s" ? rows.sort((a, b) => b.median - a.median) : sortedTimes(rows, unit);
}

/** @param {{ name: string, median: number, low: number, high: number }[]} rows @param {string} unit */
const sortedTimes = (rows, unit) =>
  unit === "s" ? rows.sort((a, b) => a.median - b.median) : rows;

/** @param {Results} results */
function programsOf({ versions, missing }) {
  const measured = Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`);
  const others = Object.entries(missing).map(([name, reason]) => `- ${name}: ${reason}`);
  const list = others.length === 0 ? "" : `\n\nNot measured:\n\n${others.join("\n")}`;
  return `## Programs\n\n${measured.join("\n")}${list}`;
}

/** @param {Results} results */
function methodOf({ measurements }) {
  const counts = Object.entries(measurements).map(
    ([id, { rounds }]) => `${titleOf(id)}: ${Object.values(rounds)[0]?.length}`,
  );
  return `## How it is measured

What is compared takes turns, round by round, so that a slow moment hits all of it; a ratio is of one round's values. Each whole process begins in a folder of its own. Programs are told to make the same: P-256 keys, certificates for 30 days with extensions for clients, signed by the same CA. Rounds, by table: ${counts.join("; ")}. All values are in [benchmarks.json](benchmarks.json).

To run it: \`npm run bench\`, with \`-- --certgen FOLDER\` for the original script in that folder (or \`CERTGEN_DIR\`), \`-- --quick\` for a look that writes nothing. \`npm install --prefix tools/bench/peers\` installs the npm libraries; other programs are taken from the PATH.`;
}

/** @param {string} id */
const titleOf = (id) => SECTIONS.find((section) => section.id === id)?.title ?? id;

/**
 * @param {Results} results
 * @returns {Record<string, string>} SVG by file name
 */
export function plots({ measurements }) {
  const files = SECTIONS.flatMap(({ id, plotTitle }) => {
    const measurement = measurements[id];
    if (measurement === undefined || plotTitle === undefined) return [];
    const rows = ordered(measurement).map(({ name, median, low, high }) => {
      const isOurs = name.startsWith(OURS) || name === "template";
      const text = told(median, measurement.unit);
      return { label: name, value: median, low, high, text, isOurs };
    });
    return [[`${id}.svg`, plot(plotTitle, rows)]];
  });
  return Object.fromEntries(files);
}

/** @param {number} value @param {string} unit */
function told(value, unit) {
  if (unit === "s") return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
  return unit === "devices/s" ? `${short(value)}/s` : `${short(value)} ${unit}`;
}

/** @param {readonly string[]} columns @param {readonly (readonly string[])[]} rows */
function table(columns, rows) {
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(columns), `|${columns.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
