import { setTimeout as delay } from "node:timers/promises";
import { flatFiles } from "./device-output.ts";
import type { PresentIds } from "./present.ts";
import { type FleetSink, sink } from "./sink.ts";

/** The folder's lock is held while their files are written, half a second on an ordinary disk. */
const BATCH = 250;
/** Other commands ask for the lock twenty times a second, and not for ever. */
const BATCHES_IN_A_ROW = 4;
const PAUSE_MS = 75;

/** Devices become files of the PKI folder, like those that are made one by one. */
export function flatSink(intermediates: string, present: PresentIds): FleetSink {
  let batches = 0;
  return sink({
    batch: BATCH,
    present,
    seal: (batch) =>
      Promise.resolve({
        files: batch.flatMap((made) => flatFiles(made, intermediates)),
        state: {},
      }),
    settle: async () => {
      batches += 1;
      if (batches % BATCHES_IN_A_ROW === 0) await delay(PAUSE_MS);
    },
  });
}
