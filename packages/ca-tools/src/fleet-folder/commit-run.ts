import { join } from "node:path";
import { checkIssuer } from "../authority/leaf-files.ts";
import { listNames, onPath } from "../folder/files.ts";
import { issuerField } from "../folder/index-row.ts";
import { PENDING } from "../folder/intent.ts";
import { FOLDERS, INDEX_FILE, RUNS } from "../folder/layout.ts";
import { type HeldLock, withLock } from "../folder/lock.ts";
import { refuseLinks } from "../folder/reach.ts";
import { readRegistry } from "../folder/registry.ts";
import { recover } from "../folder/transaction.ts";
import { commitBatch } from "./commit-batch.ts";
import { type FleetFile, type FleetMade, rowWriter } from "./device-output.ts";
import type { Progress, Run } from "./run-batches.ts";
import { type RunState, runStatePath, runStateText } from "./run-state.ts";

/** Another bulk run may hold the folder's lock for most of a minute. */
const PATIENCE = { tries: 1200, pauseMs: 50 };

/** Does `work` while nobody else changes the PKI folder, and after what others left was finished. */
export async function atFolder<T>(
  folder: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  return await onPath(folder, () =>
    withLock(
      folder,
      async (lock) => {
        await lock.assertHeld();
        await refuseLinks(folder, [...FOLDERS, RUNS, PENDING, INDEX_FILE]);
        if ((await listNames(join(folder, PENDING))).length > 0) await recover(folder, lock);
        return await work(lock);
      },
      PATIENCE,
    ),
  );
}

/**
 * Puts a batch on record, with how far the run came, and into its output. What another process made
 * meanwhile is left out.
 */
export async function commitRun(
  { folder, options, sink, lock, disk }: Run,
  progress: Progress,
  batch: readonly FleetMade[],
): Promise<void> {
  const { issuer } = options;
  await lock.assertHeld();
  await sink.prepare(batch);
  let [kept, problems]: [FleetMade[], Error[]] = [[], []];
  await atFolder(folder, async (held) => {
    checkIssuer(folder, (await readRegistry(folder)) ?? { version: 1, cas: [] }, issuer);
    await sink.present.refresh();
    const dropped = batch.flatMap((made) => {
      const problem = made.before ? undefined : sink.present.problem(made.row.id);
      return problem === undefined ? [] : [{ made, problem }];
    });
    const gone = new Set(dropped.map(({ made }) => made));
    kept = batch.filter((made) => !gone.has(made));
    problems = dropped.map(({ problem }) => problem);
    for (const { made, problem } of dropped) {
      progress.failures.push(made.at);
      options.onBadRow?.({ line: made.row.line, id: made.row.id, problem });
    }
    const sealed = await sink.seal(kept, [...gone]);
    const state = advance(progress, batch, kept, sealed.state);
    const files = [...sealed.files, ...journalOf(options, state)];
    const isKept = options.output.kind === "flat";
    const rowOf = rowWriter(isKept ? undefined : issuerField(issuer.certificate));
    await commitBatch(folder, { files, rows: kept.map(rowOf) }, held, disk);
    await sink.present.passOver();
    record(progress, state, kept);
  });
  await sink.settle(kept);
  options.onProgress?.(progress.state.made - progress.earlier, progress.earlier);
  if (options.failFast && problems[0] !== undefined) throw problems[0];
}

/** Puts on record how far the run came, without a device. */
export async function keepJournal(
  { folder, options, disk }: Run,
  state: RunState,
  lock: HeldLock,
): Promise<void> {
  const files = journalOf(options, state);
  if (files.length > 0) await commitBatch(folder, { files, rows: [] }, lock, disk);
}

const journalOf = ({ run }: Run["options"], state: RunState): FleetFile[] =>
  run === undefined
    ? []
    : [{ path: runStatePath(run), data: runStateText(state), secret: true, replace: true }];

/** Rows that are made once more are behind the run already. */
function advance(
  { state, failures }: Progress,
  batch: readonly FleetMade[],
  kept: readonly FleetMade[],
  own: Partial<RunState>,
): RunState {
  const last = batch.at(-1);
  const isAhead = last !== undefined && last.at > state.rows;
  const rows = isAhead ? last.at : state.rows;
  return {
    version: 1,
    rows,
    digest: isAhead ? last.digest : state.digest,
    made: state.made + kept.filter(({ before }) => before === undefined).length,
    failed: state.failed + failures.filter((at) => at <= rows).length,
    ...own,
  };
}

function record(progress: Progress, state: RunState, kept: readonly FleetMade[]): void {
  progress.state = state;
  progress.failures = progress.failures.filter((at) => at > state.rows);
  for (const { before, row, device } of kept) {
    const { serialNumber, cutFrom, notAfter } = device;
    if (before) progress.repeated.push({ id: row.id, serialNumber, before });
    if (cutFrom) progress.cut ??= { id: row.id, asked: cutFrom, notAfter };
  }
}
