import type { BulkMode } from "@dps-certs/dps-protocol";
import { DpsClientError } from "../errors.ts";
import { runSlice } from "./bulk-request.ts";
import { abortedBulk, requireMode, type Slice, slicesOf } from "./bulk-slices.ts";
import {
  type BulkItems,
  type BulkOptions,
  type BulkOutcome,
  DEFAULT_BULK_CONCURRENCY,
  type Enrollment,
} from "./collections.ts";
import type { EnrollmentStore } from "./write.ts";

interface Running<T> {
  slice: Slice<T>;
  ended: Promise<{ running: Running<T>; outcomes: BulkOutcome[] }>;
}

const overlaps = <T>(one: Slice<T>, other: Slice<T>): boolean =>
  [...one.keys].some((key) => other.keys.has(key));

/** See `EnrollmentCollection.bulk`. */
export async function* bulk<T extends Enrollment, M extends BulkMode>(
  store: EnrollmentStore<T>,
  mode: M,
  items: BulkItems<T, M>,
  { concurrency = DEFAULT_BULK_CONCURRENCY, signal }: BulkOptions,
): AsyncGenerator<BulkOutcome, void, undefined> {
  requireMode(mode);
  if (!(Number.isSafeInteger(concurrency) && concurrency > 0)) {
    throw new DpsClientError("invalid-argument", "concurrency is a positive whole number");
  }
  if (signal?.aborted) throw abortedBulk(mode, signal);
  const underWay = new Set<Running<T>>();
  const start = (slice: Slice<T>) => {
    const running: Running<T> = {
      slice,
      ended: runSlice(store, mode, slice, signal).then((outcomes) => ({ running, outcomes })),
    };
    underWay.add(running);
  };
  const nextEnded = async (): Promise<BulkOutcome[]> => {
    const { running, outcomes } = await Promise.race([...underWay].map(({ ended }) => ended));
    underWay.delete(running);
    return outcomes;
  };
  let failure: { error: unknown } | undefined;
  try {
    const source = slicesOf(store.kind, mode, items as Iterable<T> | AsyncIterable<T>, signal);
    for await (const next of source) {
      if ("ok" in next) {
        yield next;
        continue;
      }
      // Two changes of one thing are made in the order in which they were given.
      const mustWait = () =>
        underWay.size >= concurrency || [...underWay].some(({ slice }) => overlaps(slice, next));
      while (mustWait()) yield* await nextEnded();
      if (!signal?.aborted) {
        start(next);
        continue;
      }
      // These were taken, and are not sent any more: they too have their outcome.
      const error = abortedBulk(mode, signal);
      failure = { error };
      yield* next.items.map(({ id, index }): BulkOutcome => ({ ok: false, id, index, error }));
    }
  } catch (error) {
    failure = { error };
  } finally {
    // Also when the caller goes away: nothing is left running behind its back.
    await Promise.allSettled([...underWay].map(({ ended }) => ended));
  }
  // What was done is told before that no more items came.
  while (underWay.size > 0) yield* await nextEnded();
  if (failure) throw failure.error;
}
