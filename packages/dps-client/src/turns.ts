import pLimit from "p-limit";
import { aborted, onAbort } from "./aborted.ts";
import { DpsClientError } from "./errors.ts";

/** Requests that a client has under way at once, and connections that it opens for them, at most. */
export const DEFAULT_CONCURRENCY = 16;

/** Runs `work` when there is room for it, in the order of the calls. */
export type Turns = <T>(
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
) => Promise<T>;

/**
 * Bounds how much is under way at once. A call whose signal aborts before its turn ends at once; from
 * then on the signal is the work's own matter.
 *
 * @throws {DpsClientError} `invalid-argument`
 */
export function createTurns(concurrency: number): Turns {
  if (!(Number.isSafeInteger(concurrency) && concurrency > 0)) {
    throw new DpsClientError("invalid-argument", "concurrency is a positive whole number");
  }
  const limit = pLimit(concurrency);
  return (what, signal, work) =>
    new Promise((resolve, reject) => {
      const leave = () => reject(aborted(what, signal));
      if (signal?.aborted) return leave();
      const stay = onAbort(signal, leave);
      const turn = async () => {
        stay();
        if (!signal?.aborted) resolve(await work());
      };
      limit(turn).catch(reject);
    });
}
