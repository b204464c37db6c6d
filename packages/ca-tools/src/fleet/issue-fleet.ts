import { setImmediate as nextTurn } from "node:timers/promises";
import { batchesOf } from "./batches.ts";
import { compile } from "./compile.ts";
import { crewOf } from "./crew.ts";
import { needsLibrary } from "./library-route.ts";
import { orAborted } from "./or-aborted.ts";
import type { Prepared } from "./prepare.ts";
import type { FleetDevice, FleetOptions, FleetRequest } from "./types.ts";

/**
 * Issues devices in the order of their requests, and only as fast as they are taken: a few batches are
 * under way, whatever the size of the fleet.
 *
 * @param requests - closed when the run ends early
 * @returns batches of devices, none empty
 * @throws {CaToolsError} as `compileFleetIssuer`, at once; as its `issue`, after all devices before the
 * one that is refused; `worker-failed`
 */
export async function* issueFleet(
  requests: Iterable<FleetRequest> | AsyncIterable<FleetRequest>,
  options: FleetOptions,
): AsyncGenerator<FleetDevice[], void> {
  const { signal } = options;
  signal?.throwIfAborted();
  const compiled = await compile(options);
  const crew = crewOf(compiled, options);
  const byLibrary = (prepared: Prepared) => needsLibrary(prepared, options);
  const batches = batchesOf(requests, compiled.prepare, byLibrary);
  const underWay: Promise<FleetDevice[]>[] = [];
  try {
    for (;;) {
      const next = await orAborted(batches.next(), signal);
      if (!next.done) underWay.push(quiet(crew.issue(next.value)));
      while (underWay.length > (next.done ? 0 : crew.ahead())) {
        yield await orAborted(underWay.shift() as Promise<FleetDevice[]>, signal);
      }
      if (next.done) return;
    }
  } finally {
    await crew.close();
    const closed = quiet(batches.return());
    // A source that gives nothing any more would not let go.
    await (signal?.aborted ? Promise.race([closed, nextTurn()]) : closed);
  }
}

/** Its rejection is told when it is waited for, which may be later. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
