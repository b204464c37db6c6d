import { describe, expect, it, vi } from "vitest";
import { CliError } from "../errors.ts";
import { silent as report } from "../testing/silent.ts";
import { runSteps, type Step } from "./step.ts";

function fakeStep({ done = false, works = true } = {}) {
  const state = { done };
  const run = vi.fn(() => {
    state.done = works;
    return Promise.resolve();
  });
  const step: Step = {
    id: "s",
    title: "step",
    inspect: () =>
      Promise.resolve(
        state.done ? { done: true, detail: "there" } : { done: false, plan: "make it" },
      ),
    run,
  };
  return { step, run, state };
}

describe("a step", () => {
  it("is done and read back", async () => {
    const { step, run } = fakeStep();
    expect(await runSteps([step], report, { dryRun: false })).toEqual([
      { id: "s", status: "done", detail: "there" },
    ]);
    expect(run).toHaveBeenCalledOnce();
  });

  it("is left alone when it is done already", async () => {
    const { step, run } = fakeStep({ done: true });
    expect(await runSteps([step], report, { dryRun: false })).toMatchObject([
      { status: "already" },
    ]);
    expect(run).not.toHaveBeenCalled();
  });

  it("only says what it would do in a dry run", async () => {
    const { step, run } = fakeStep();
    expect(await runSteps([step], report, { dryRun: true })).toEqual([
      { id: "s", status: "todo", detail: "make it" },
    ]);
    expect(run).not.toHaveBeenCalled();
  });

  it("counts as done when another process was faster", async () => {
    const other = fakeStep();
    other.run.mockImplementationOnce(() => {
      // What the other process did is there by now.
      other.state.done = true;
      return Promise.reject(Object.assign(new Error("is there already"), { code: "exists" }));
    });
    const results = await runSteps([other.step], report, { dryRun: false });
    expect(results).toMatchObject([{ status: "done" }]);
  });

  it("is tried again when another process was in the way, but not for ever", async () => {
    const stale = () =>
      Promise.reject(Object.assign(new Error("stale"), { code: "etag-mismatch" }));
    const once = fakeStep();
    once.run.mockImplementationOnce(stale);
    expect(await runSteps([once.step], report, { dryRun: false })).toMatchObject([
      { status: "done" },
    ]);
    const always = fakeStep();
    always.run.mockImplementation(stale);
    await expect(runSteps([always.step], report, { dryRun: false })).rejects.toThrow("stale");
    expect(always.run).toHaveBeenCalledTimes(5);
  });

  it("fails when its outcome is not there afterwards, and no later one is begun", async () => {
    const [first, second] = [fakeStep({ works: false }), fakeStep()];
    const steps = runSteps([first.step, second.step], report, { dryRun: false });
    await expect(steps).rejects.toMatchObject({ code: "not-read-back" });
    await expect(steps).rejects.toBeInstanceOf(CliError);
    expect(second.run).not.toHaveBeenCalled();
  });
});
