/** Work that is done without waiting, in slices that leave room for everything else. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds; nothing is to hold the event loop for more than 50. */
const SLICE_MS = 10;

/** Does `work` with each item; lets others have a turn whenever ten milliseconds are over. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - began < SLICE_MS) continue;
    await nextTurn();
    began = performance.now();
  }
}
