import { setImmediate as nextTurn } from "node:timers/promises";

/** How long a thread is kept before others have their turn, in milliseconds. */
const TURN_MS = 10;

/** @returns lets timers and input have their turn once the present one has been long enough */
export function turns(
  clock: () => number = () => performance.now(),
): () => Promise<void> | undefined {
  let end = clock() + TURN_MS;
  return () => {
    if (clock() < end) return undefined;
    return nextTurn().then(() => {
      end = clock() + TURN_MS;
    });
  };
}
