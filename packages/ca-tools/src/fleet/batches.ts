import type { Prepared } from "./prepare.ts";
import type { FleetRequest } from "./types.ts";

/** Requests that go the same way, or what ended them. */
export type Batch = { wanted: Prepared[]; byLibrary: boolean } | { failure: unknown };

/** A few milliseconds of a thread's work. */
const BATCH_SIZE = 128;
/** By way of the library, RSA keys may take a second each. */
const LIBRARY_BATCH_SIZE = 32;

/**
 * Checks requests and puts them together, in their order. A request that is refused, or a source that
 * fails, ends them: as the last batch, so that everything before it is issued first.
 */
export async function* batchesOf(
  requests: Iterable<FleetRequest> | AsyncIterable<FleetRequest>,
  prepare: (request: FleetRequest) => Prepared,
  needsLibrary: (prepared: Prepared) => boolean,
): AsyncGenerator<Batch, void> {
  let wanted: Prepared[] = [];
  let byLibrary = false;
  try {
    for await (const request of requests) {
      const prepared = prepare(request);
      const turns = needsLibrary(prepared) !== byLibrary;
      const isFull = wanted.length === (byLibrary ? LIBRARY_BATCH_SIZE : BATCH_SIZE);
      if (isFull || (turns && wanted.length > 0)) {
        yield { wanted, byLibrary };
        wanted = [];
      }
      if (turns) byLibrary = !byLibrary;
      wanted.push(prepared);
    }
  } catch (failure) {
    if (wanted.length > 0) yield { wanted, byLibrary };
    yield { failure };
    return;
  }
  if (wanted.length > 0) yield { wanted, byLibrary };
}
