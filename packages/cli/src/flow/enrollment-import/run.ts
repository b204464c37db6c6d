import type { BulkMode } from "@dps-certs/dps-protocol";
import type { Io } from "../../io.ts";
import type { Reporter } from "../../output/reporter.ts";
import { count, emptyTally, type Tally, tallyText } from "./report.ts";
import type { RowFailure } from "./row.ts";

/** Failures that are told one by one; the others are counted. */
const TOLD = 10;
/** What keeps every row from being sent: nobody wants that told a hundred thousand times. */
const HOPELESS: ReadonlySet<string> = new Set([
  "closed",
  "connection-refused",
  "credential",
  "forbidden",
  "host-not-found",
  "tls",
  "unauthorized",
]);

/** How an import stands. */
export interface ImportRun {
  tally: Tally;
  /** Why no further rows are taken. */
  stopped: "interrupted" | "failed" | undefined;
  stop: (why: "interrupted" | "failed") => void;
  done: (what: "done" | "already") => void;
  failed: (failure: RowFailure) => void;
}

export interface ImportRunOptions {
  /** Stops with the first row that fails. */
  failFast: boolean;
  progress: (count: number) => void;
  write: (failure: RowFailure) => void;
  onStop: () => void;
}

export function createImportRun(
  report: Pick<Reporter, "step">,
  { failFast, progress, write, onStop }: ImportRunOptions,
): ImportRun {
  const tally = emptyTally();
  const run: ImportRun = {
    tally,
    stopped: undefined,
    stop: (why) => {
      run.stopped ??= why;
      onStop();
    },
    done: (what) => {
      count(tally, what);
      progress(1);
    },
    failed: (failure) => {
      count(tally, failure);
      progress(1);
      write(failure);
      const { line, id = "", message } = failure;
      if (tally.failed <= TOLD) {
        report.step("failed", `line ${line}`, `${id}   ${message}`.trim());
      }
      if (failFast || HOPELESS.has(failure.code)) run.stop("failed");
    },
  };
  return run;
}

/** What is under way ends first; a second interruption ends at once. */
export function onInterrupt(io: Pick<Io, "stderr">, stop: () => void): () => void {
  const interrupted = () => {
    io.stderr("\ndps-certs: interrupted; ending what is under way (once more ends at once)\n");
    stop();
  };
  process.once("SIGINT", interrupted);
  return () => process.removeListener("SIGINT", interrupted);
}

/** @param file - with every row that failed */
export function tellFailures(
  report: Pick<Reporter, "note">,
  { tally: { failed } }: ImportRun,
  file?: string,
): void {
  if (failed === 0) return;
  if (failed > TOLD) report.note(`${failed - TOLD} further rows failed`);
  report.note(
    file === undefined
      ? "--report FILE lists every row that failed"
      : `every row that failed is in ${file}`,
  );
}

/** @returns the exit status */
export function tellResult(
  report: Pick<Reporter, "note" | "result" | "warn">,
  { tally, stopped }: ImportRun,
  { mode, dryRun, failFast }: { mode: BulkMode; dryRun: boolean; failFast: boolean },
): number {
  const { rows, done, already, failed, failures } = tally;
  if (stopped === "interrupted") report.note("run it again to go on: what is done stays");
  if (stopped === "failed" && !failFast) report.warn("stopped: every further row would fail too");
  const result = { mode, dryRun, rows, done, already, failed, stopped: stopped ?? null, failures };
  report.result(result, tallyText(dryRun ? "check" : mode, tally));
  if (stopped === "interrupted") return 130;
  return failed > 0 ? 1 : 0;
}
