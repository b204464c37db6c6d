import { CliError } from "../errors.ts";
import type { Reporter } from "../output/reporter.ts";

/** How things stand: read from the folder or the service, never assumed. */
export type StepState =
  | { done: true; detail: string }
  /** `plan` says what `run` would do. */
  | { done: false; plan: string };

/** A part of a command that can say what it will do, whether it is done, and do it. */
export interface Step {
  id: string;
  title: string;
  inspect: () => Promise<StepState>;
  run: () => Promise<void>;
}

export interface StepResult {
  id: string;
  status: "done" | "already" | "todo";
  detail: string;
}

/**
 * Does what is not done yet, step by step, and reads each outcome back. So the same command can be
 * run again after any interruption and finishes the rest.
 *
 * @param dryRun - only says what would be done
 * @throws {CliError} `not-read-back` when a step ended without error and its outcome is not there
 */
export async function runSteps(
  steps: readonly Step[],
  report: Reporter,
  { dryRun }: { dryRun: boolean },
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, report, dryRun).catch((error: unknown) => {
      report.step("failed", step.title, "");
      throw error;
    });
    report.step(result.status, step.title, result.detail);
    results.push(result);
  }
  return results;
}

async function runStep(step: Step, report: Reporter, dryRun: boolean): Promise<StepResult> {
  const { id, title } = step;
  const before = await step.inspect();
  if (before.done) return { id, status: "already", detail: before.detail };
  if (dryRun) return { id, status: "todo", detail: before.plan };
  const finished = report.working(title);
  try {
    const after = await runUntilDone(step);
    if (after.done) return { id, status: "done", detail: after.detail };
    throw new CliError(
      "not-read-back",
      `${title}: reported no error, and is still to do: ${after.plan}`,
      { hint: "somebody else may be changing the same things; run the command again" },
    );
  } finally {
    finished();
  }
}

/** Refusals that mean that another process was faster. */
const CONTENTION: ReadonlySet<unknown> = new Set(["exists", "conflict", "etag-mismatch"]);
const ATTEMPTS = 5;
const LONGEST_PAUSE_MS = 200;

/**
 * Does the step and reads the outcome back. Another process may be at the same step of the same
 * folder or service: then what it did counts, and where it did not finish, this one tries again.
 */
async function runUntilDone({ inspect, run }: Step): Promise<StepState> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run();
      return await inspect();
    } catch (error) {
      if (!CONTENTION.has((error as { code?: unknown }).code)) throw error;
      const state = await inspect();
      if (state.done) return state;
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) =>
        setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS * attempt),
      );
    }
  }
}
