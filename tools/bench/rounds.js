/** Statistics of rounds in which what is compared takes turns: a slow moment hits all of it. */

/**
 * @typedef {{ median: number, low: number, high: number }} Spread - with the quartiles
 */

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/** @param {readonly number[]} values @returns {Spread} */
export const spreadOf = (values) => ({
  median: median(values),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
});

/**
 * Between two values that lie beside it, in proportion.
 *
 * @param {readonly number[]} values @param {number} part - from 0 to 1
 */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export const sum = (values) => values.reduce((all, value) => all + value, 0);

/**
 * Runs each measurement once a round.
 *
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, () => number | Promise<number>>} measurements
 * @returns {Promise<Record<Name, number[]>>} what they returned, by round
 */
export async function takeTurns(rounds, measurements) {
  const names = /** @type {Name[]} */ (Object.keys(measurements));
  const none = names.map((name) => /** @type {[Name, number[]]} */ ([name, []]));
  const results = /** @type {Record<Name, number[]>} */ (Object.fromEntries(none));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await measurements[name]());
  }
  return results;
}

/**
 * The ratio of two series, round by round.
 *
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 */
export const ratioOf = (above, below) =>
  spreadOf(above.map((value, round) => value / (below[round] ?? Number.NaN)));
