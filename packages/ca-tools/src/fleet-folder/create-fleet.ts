import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists, onPath } from "../folder/files.ts";
import { uniqueSubject } from "../folder/index-file.ts";
import { FOLDERS, INDEX_FILE, PKI_FILE, RUNS } from "../folder/layout.ts";
import { type HeldLock, withLock } from "../folder/lock.ts";
import { changePki, openPki } from "../folder/pki.ts";
import { refuseLinks } from "../folder/reach.ts";
import { intermediatesOf } from "./device-output.ts";
import { DISK, type Disk } from "./disk.ts";
import { fannedSink } from "./fanned-sink.ts";
import { fileSink } from "./file-sink.ts";
import { flatSink } from "./flat-sink.ts";
import { anyOf, NOTHING_PRESENT, presentFiles, presentRows } from "./present.ts";
import { runBatches } from "./run-batches.ts";
import { runStatePath } from "./run-state.ts";
import type { FleetSink } from "./sink.ts";
import { streamSink } from "./stream-sink.ts";
import type { FleetResult, FleetRunOptions, InputRow } from "./types.ts";

/** Somebody else is at the same run for as long as it takes; a killed one's lock is stale after five seconds. */
const UNTIL_STALE = { tries: 130, pauseMs: 50 };

/**
 * Makes many devices of a PKI folder, in batches: each batch is there as a whole or not at all, its rows
 * of index.txt included, whatever happens meanwhile. A run that has a name and was interrupted goes on
 * where it stopped when it is called with the same name and input. Several processes may be at it in one
 * folder at once.
 *
 * Memory does not grow with the number of devices, but for 35 bytes of each id where ids could meet.
 *
 * @param rows - read once, and only as fast as devices are made
 * @throws {CaToolsError} `not-found` where there is no folder; `exists` when the input is not that of the
 * interrupted run, or the output is somebody else's; `locked`; `outside-validity` for an issuer that is
 * not valid now; with `failFast` what is wrong with the first bad row
 */
export async function createFleet(
  folder: string,
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  options: FleetRunOptions,
  disk: Disk = DISK,
): Promise<FleetResult> {
  const registry = await openPki(folder);
  if (registry === undefined) throw noFolder(folder);
  await completeFolder(folder);
  const { algorithm = registry.algorithm } = options;
  const settled = { ...options, ...(algorithm && { algorithm }) };
  const sink = await sinkFor(folder, options, disk);
  return await holdRun(folder, options.run, (lock) =>
    sink.hold(() => runBatches({ folder, rows, options: settled, sink, lock, disk })),
  );
}

function noFolder(folder: string): CaToolsError {
  return new CaToolsError("not-found", `there is no PKI folder at ${folder}`, {
    file: folder,
    hint: "make one with: dps-certs ca create",
  });
}

/** A folder of the scripts has no list of CAs yet; any change brings the missing parts. */
async function completeFolder(folder: string): Promise<void> {
  for (const name of [PKI_FILE, INDEX_FILE, ...FOLDERS]) {
    if (await exists(join(folder, name))) continue;
    await changePki(folder, () => ({ files: [] }));
    return;
  }
}

async function sinkFor(
  folder: string,
  { issuer, now, output, run = "", force = false }: FleetRunOptions,
  disk: Disk,
): Promise<FleetSink> {
  const intermediates = intermediatesOf(issuer);
  const journal = join(folder, runStatePath(run));
  const isUnique = await uniqueSubject(folder);
  const rows = force && !isUnique ? NOTHING_PRESENT : presentRows(folder, now);
  switch (output.kind) {
    case "flat": {
      const files = presentFiles(folder);
      return flatSink(intermediates, isUnique ? anyOf(files, rows) : files);
    }
    case "fanned":
      return fannedSink(output.folder, intermediates, rows, disk);
    case "file":
      return fileSink(output.path, intermediates, rows, { disk, journal });
    case "stream":
      return streamSink(output, intermediates, rows, journal);
  }
}

const NO_LOCK: HeldLock = { assertHeld: () => Promise.resolve() };

/** One process at a time is at a run of a name. */
async function holdRun<T>(
  folder: string,
  run: string | undefined,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  if (run === undefined) return await work(NO_LOCK);
  const runs = join(folder, RUNS);
  await refuseLinks(folder, [RUNS]);
  await onPath(runs, () => mkdir(runs, { recursive: true, mode: 0o700 }));
  let isBegun = false;
  try {
    return await onPath(runs, () =>
      withLock(
        runs,
        (lock) => {
          isBegun = true;
          return work(lock);
        },
        UNTIL_STALE,
        `${run}.lock`,
      ),
    );
  } catch (error) {
    if (isBegun || (error as { code?: unknown }).code !== "locked") throw error;
    throw sameRun(runs, error);
  }
}

function sameRun(file: string, cause: unknown): CaToolsError {
  return new CaToolsError("locked", "another process is at the same run of this command", {
    cause,
    file,
    hint: "wait for it to end; two runs at once need different ids",
  });
}
