import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../folder/files.ts";
import type { HeldLock } from "../folder/lock.ts";
import { recover } from "../folder/transaction.ts";
import { validityFor } from "../x509/validity.ts";
import { batchQueue } from "./batch-queue.ts";
import { atFolder, commitRun, keepJournal } from "./commit-run.ts";
import type { FleetMade } from "./device-output.ts";
import type { Disk } from "./disk.ts";
import { wantedRows } from "./input.ts";
import { issueRows } from "./issue-rows.ts";
import { NOTHING_DONE, type RunState, readRunState, runStatePath } from "./run-state.ts";
import type { FleetSink } from "./sink.ts";
import type { BadRow, FleetResult, FleetRunOptions, InputRow, RepeatedDevice } from "./types.ts";

export interface Run {
  folder: string;
  rows: Iterable<InputRow> | AsyncIterable<InputRow>;
  options: FleetRunOptions;
  sink: FleetSink;
  /** Of the run, not of the folder. */
  lock: HeldLock;
  disk: Disk;
}

/** What is not committed for so long, in milliseconds, is committed though the batch is not full. */
const LONGEST_WAIT_MS = 1000;

/** Makes the devices of a run, batch by batch; the next is issued while one is written. */
export async function runBatches(run: Run): Promise<FleetResult> {
  const { folder, options, sink } = run;
  const found = options.run === undefined ? undefined : await readRunState(folder, options.run);
  const state = found ?? NOTHING_DONE;
  const progress: Progress = { earlier: state.made, state, failures: [], repeated: [] };
  const begun = await sink.begin(found);
  try {
    await atFolder(folder, async (lock) => {
      await recover(folder, lock);
      await sink.present.refresh();
      if (begun !== undefined) await keepJournal(run, { ...state, ...begun }, lock);
    });
    const stopped = await makeAll(run, progress);
    if (stopped !== undefined) throw stopped;
  } finally {
    await sink.end();
  }
  if (options.run !== undefined) await forget(join(folder, runStatePath(options.run)));
  const { earlier, failures, repeated, cut } = progress;
  return {
    made: progress.state.made - earlier,
    earlier,
    failed: progress.state.failed + failures.length,
    repeated,
    ...(cut && { cut }),
  };
}

async function forget(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

export interface Progress {
  /** Devices that interrupted runs made. */
  earlier: number;
  state: RunState;
  /** Numbers of failed rows that the state does not count yet. */
  failures: number[];
  repeated: RepeatedDevice[];
  cut?: FleetResult["cut"];
}

/** @returns the error of a row that stopped the run */
async function makeAll(run: Run, progress: Progress): Promise<Error | undefined> {
  const { options, sink } = run;
  const now = options.now();
  validityFor(now, options.days ?? 1, options.issuer.certificate);
  let stopped: Error | undefined;
  const reject = (bad: BadRow, at: number) => {
    options.onBadRow?.(bad);
    if (options.failFast) {
      stopped = bad.problem;
      return false;
    }
    progress.failures.push(at);
    return true;
  };
  const journal = join(run.folder, runStatePath(options.run ?? ""));
  const { state } = progress;
  const wanted = wantedRows(run.rows, { options, state, journal, sink, now, reject });
  const queue = batchQueue((made: FleetMade[]) => commitRun(run, progress, made));
  const { batch: full = sink.batch } = options;
  let batch: FleetMade[] = [];
  let since = now.getTime();
  try {
    for await (const devices of issueRows(wanted, options, now)) {
      const time = options.now().getTime();
      for (const device of devices) {
        batch.push(device);
        if (batch.length < full && time - since < LONGEST_WAIT_MS) continue;
        await queue.put(batch);
        [batch, since] = [[], time];
      }
    }
    if (batch.length > 0) await queue.put(batch);
  } finally {
    await queue.end();
  }
  return stopped;
}
