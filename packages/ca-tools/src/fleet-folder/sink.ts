import type { FleetFile, FleetMade } from "./device-output.ts";
import type { PresentIds } from "./present.ts";
import type { RunState } from "./run-state.ts";

/** What a batch adds to the PKI folder besides the rows of index.txt, and to the run's journal. */
export interface Sealed {
  files: readonly FleetFile[];
  state: Partial<RunState>;
}

/**
 * Where a run's devices go. A batch is prepared, sealed and settled, in this order: what was not sealed
 * was not made, what was sealed and not settled is settled when the run goes on.
 */
export interface FleetSink {
  /** Devices of a batch. */
  batch: number;
  present: PresentIds;
  /** Rows that are to be made once more, since nobody knows whether their devices arrived. */
  owed: ReadonlyMap<number, Owed>;
  /** Keeps others away from the output while `work` runs. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /**
   * @param state - undefined where the run is new
   * @returns what its journal is to say before anything is made; undefined where it may say nothing
   */
  begin(state: RunState | undefined): Promise<Partial<RunState> | undefined>;
  prepare(batch: readonly FleetMade[]): Promise<void>;
  /** The folder's lock is held. Those dropped turned out to be there already. */
  seal(batch: readonly FleetMade[], dropped: readonly FleetMade[]): Promise<Sealed>;
  settle(batch: readonly FleetMade[]): Promise<void>;
  end(): Promise<void>;
}

export interface Owed {
  id: string;
  serialNumbers: readonly string[];
}

const NOTHING = () => Promise.resolve(undefined);

/** A sink that does nothing but what it says. */
export const sink = (
  own: Pick<FleetSink, "batch" | "present" | "seal"> & Partial<FleetSink>,
): FleetSink => ({
  owed: new Map(),
  hold: (work) => work(),
  begin: NOTHING,
  prepare: NOTHING,
  settle: NOTHING,
  end: NOTHING,
  ...own,
});
