import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line that any program can read: `Tests: 12 passed, 0 failed, 1 skipped`. */
export class SummaryReporter implements Reporter {
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const states = modules.flatMap((module) =>
      Array.from(module.children.allTests(), (test) => test.result().state),
    );
    // A file that cannot be loaded, or an error outside any test, is no test, and still a failure.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const count = (state: string) => states.filter((one) => one === state).length;
    const failed = count("failed") + broken + unhandledErrors.length;
    const skipped = count("skipped");
    const rest = skipped > 0 ? `, ${skipped} skipped` : "";
    this.#print(`\nTests: ${count("passed")} passed, ${failed} failed${rest}\n`);
  }
}
