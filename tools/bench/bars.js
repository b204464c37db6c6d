/**
 * What was promised, held against a run.
 *
 * @import { Measurement } from "./whole.js"
 */
import { ratioOf, sum } from "./rounds.js";

/**
 * @typedef {object} Bar
 * @property {string} claim
 * @property {string} measurement
 * @property {string | readonly string[]} of - whose rounds count; of several, the worst
 * @property {string} [to] - whose rounds they are held against
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {number} [aim]
 * @property {boolean} [wholeTime] - the time of all rounds together, where one tells little
 * @property {number} [perRound] - devices that it takes
 * @property {number} [rounds] - rounds that it takes
 *
 * @typedef {object} Verdict
 * @property {string} claim
 * @property {string} bound
 * @property {string} value - "not measured" where it was not, or with less than it takes
 * @property {boolean} [isMet] - undefined where it was not measured
 */

const BULK = [
  "issuing on the same thread",
  "issuing in two workers",
  "bulk, to a file",
  "bulk, to files",
];

/** @type {readonly Bar[]} */
export const BARS = [
  {
    claim: "devices in memory, one thread: of the bare limit",
    ...{ measurement: "oneThread", of: "template", to: "bare limit", atLeast: 0.6, aim: 0.85 },
  },
  {
    claim: "devices in memory, one thread: to the general route",
    ...{ measurement: "oneThread", of: "template", to: "general route", atLeast: 40 },
  },
  {
    claim: "devices in memory: two workers to one",
    ...{ measurement: "workers", of: "two workers", to: "one worker", atLeast: 1.7 },
  },
  {
    claim: "20,000 devices to a stream, whole process: to one `openssl` process each",
    ...{ measurement: "devices", of: "dps-certs", to: "openssl", atLeast: 60, perRound: 20_000 },
  },
  {
    claim: "100 devices to files, whole process: time of one `openssl` process each",
    ...{ measurement: "files", of: "dps-certs", to: "openssl", atMost: 0.5 },
  },
  {
    claim: "event loop held in bulk, at the longest",
    ...{ measurement: "eventLoop", of: BULK, atMost: 50 },
  },
  {
    claim: "event loop held while RSA-4096 keys are made, at the longest",
    ...{ measurement: "eventLoop", of: "RSA-4096 keys", atMost: 50 },
  },
  {
    claim: "keys of an RSA-4096 chain: side by side to one after the other",
    ...{ measurement: "rsa", of: "side by side", to: "one after the other", atMost: 0.75 },
    ...{ wholeTime: true, rounds: 20 },
  },
  {
    claim: "memory, 1,000,000 devices to a stream",
    ...{ measurement: "memory", of: "1,000,000 devices", atMost: 250 },
  },
  {
    claim: "`dps-certs --help` to bare Node",
    ...{ measurement: "start", of: "dps-certs --help", to: "node -e 0", atMost: 1.5 },
  },
  {
    claim: "`dps-certs ca create` to bare Node",
    ...{ measurement: "start", of: "dps-certs ca create", to: "node -e 0", atMost: 2.5 },
  },
  {
    claim: "`dps-certs ca create` to `certGen.sh` on P-256",
    ...{ measurement: "chain", of: "dps-certs", to: "certGen.sh on P-256", atMost: 1 },
  },
  {
    claim: "`dps-certs enroll`, in an empty folder, to bare Node",
    ...{ measurement: "start", of: "dps-certs enroll", to: "node -e 0", atMost: 10 },
  },
  {
    claim: "the same, for the first time on a machine",
    ...{ measurement: "start", of: "dps-certs enroll, first time", to: "node -e 0", atMost: 10 },
  },
];

/**
 * @param {Bar} bar
 * @param {Record<string, Measurement>} measurements
 * @returns {Verdict}
 */
export function judge(bar, measurements) {
  const { claim, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bar;
  const measured = measuredOf(bar, measurements[bar.measurement]);
  if (measured === undefined) return { claim, bound: boundOf(bar), value: "not measured" };
  const { value, text } = measured;
  return { claim, bound: boundOf(bar), value: text, isMet: value >= atLeast && value <= atMost };
}

/** @param {Bar} bar */
function boundOf({ atLeast, atMost, aim, measurement }) {
  const unit = { eventLoop: " ms", memory: " MiB" }[measurement] ?? "";
  const bound = atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}`;
  return aim === undefined ? bound : `${bound}, aim ${aim}`;
}

/** @param {Bar} bar @param {Measurement | undefined} measurement */
function measuredOf({ of, to, wholeTime, perRound, rounds: needed = 1 }, measurement) {
  if (measurement === undefined) return undefined;
  const { rounds, unit } = measurement;
  const series = [of].flat().map((name) => rounds[name] ?? []);
  const against = to === undefined ? undefined : (rounds[to] ?? []);
  const [first = []] = series;
  if ([...series, against ?? first].some(({ length }) => length < needed)) return undefined;
  if (perRound !== undefined && measurement.perRound?.[`${of}`] !== perRound) return undefined;
  if (against === undefined) {
    const value = Math.max(...series.flat());
    return { value, text: `${short(value)} ${unit}` };
  }
  const { median: middle, low, high } = ratioOf(first, against);
  const value = wholeTime ? sum(first) / sum(against) : middle;
  return { value, text: `${short(value)} [${short(low)}–${short(high)}]` };
}

/** Three digits. @param {number} value */
export const short = (value) =>
  Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
