import { availableParallelism } from "node:os";
import type { Batch } from "./batches.ts";
import type { Compiled } from "./compile.ts";
import { devicesOf } from "./devices-of.ts";
import { libraryIssuer } from "./library-route.ts";
import { startPool } from "./pool.ts";
import type { Prepared } from "./prepare.ts";
import { turns } from "./turns.ts";
import type { FleetDevice, FleetOptions } from "./types.ts";

/** Fewer devices are issued sooner than threads start. */
const WORTH_THREADS = 1000;
/** Beyond, the caller's thread is what devices wait for. */
const MAX_WORKERS = 8;

/** Who issues the batches of a run. */
export interface Crew {
  /** @throws {CaToolsError} `worker-failed`; what ended the requests */
  issue(batch: Batch): Promise<FleetDevice[]>;
  /** Batches that are to be under way while one is waited for. */
  ahead(): number;
  close(): Promise<void>;
}

export function crewOf(compiled: Compiled, options: FleetOptions): Crew {
  const { workers = defaultWorkers(), workerUrl } = options;
  let isClosed = false;
  const issueByLibrary = libraryIssuer(options, () => isClosed);
  const issueHere = inTurns(compiled.issueHere, () => isClosed);
  let issued = 0;
  let pool: ReturnType<typeof startPool> | undefined;
  const issueOnThreads = (wanted: Prepared[]) => {
    if (workers > 0 && issued >= WORTH_THREADS)
      pool ??= startPool(compiled.parts, workers, workerUrl);
    issued += wanted.length;
    // The caller's thread goes on while the others start.
    return pool?.isReady()
      ? pool.issue(wanted).then((issued) => devicesOf(wanted, issued))
      : undefined;
  };
  return {
    async issue(batch) {
      if ("failure" in batch) throw batch.failure;
      if (batch.byLibrary) return await issueByLibrary(batch.wanted);
      return await (issueOnThreads(batch.wanted) ?? issueHere(batch.wanted));
    },
    ahead: () => (pool?.isReady() ? 2 * workers : 0),
    async close() {
      isClosed = true;
      await pool?.close();
    },
  };
}

function defaultWorkers(): number {
  const cores = availableParallelism();
  return cores === 1 ? 0 : Math.min(cores, MAX_WORKERS);
}

/** One device after the other, so that nothing else waits long. */
function inTurns(
  issue: Compiled["issueHere"],
  isClosed: () => boolean,
): (wanted: readonly Prepared[]) => Promise<FleetDevice[]> {
  const pause = turns();
  return async (wanted) => {
    const devices: FleetDevice[] = [];
    for (const prepared of wanted) {
      const turn = pause();
      if (turn !== undefined) await turn;
      if (isClosed()) break;
      devices.push(...issue([prepared]));
    }
    return devices;
  };
}
