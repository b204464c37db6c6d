/** @import { Measurement } from "./whole.js" */
import { generateKeyPair, generateKeyPairs } from "../../packages/ca-tools/dist/index.js";
import { takeTurns } from "./rounds.js";
import { seconds } from "./whole.js";

/**
 * The keys of a chain, a root's and an intermediate's, side by side and one after the other. Finding
 * primes takes as long as it takes, so there should be 20 rounds or more.
 *
 * @param {number} rounds
 * @returns {Promise<Measurement>}
 */
export async function measureRsa(rounds) {
  const times = await takeTurns(rounds, {
    "side by side": () => seconds(() => generateKeyPairs("rsa-4096", 2)),
    "one after the other": () =>
      seconds(async () => {
        for (let pair = 0; pair < 2; pair++) await generateKeyPair("rsa-4096");
      }),
  });
  return { unit: "s", rounds: times };
}
