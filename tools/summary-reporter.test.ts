import { expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { SummaryReporter } from "./summary-reporter.ts";

const moduleWith = (states: string[], errors: unknown[] = []) =>
  ({
    children: { allTests: () => states.map((state) => ({ result: () => ({ state }) })) },
    errors: () => errors,
  }) as unknown as TestModule;

const lineFor = (modules: TestModule[], unhandled: unknown[] = []): string => {
  let line = "";
  new SummaryReporter((text) => {
    line += text;
  }).onTestRunEnd(modules, unhandled);
  return line.trim();
};

it("counts over all files", () => {
  const modules = [moduleWith(["passed", "failed"]), moduleWith(["passed", "skipped"])];
  expect(lineFor(modules)).toBe("Tests: 2 passed, 1 failed, 1 skipped");
});

it("counts a file that cannot be loaded, and an error outside any test, as failures", () => {
  expect(lineFor([moduleWith([], ["cannot load"])], ["unhandled"])).toBe(
    "Tests: 0 passed, 2 failed",
  );
});
