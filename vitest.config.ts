import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./tools/summary-reporter.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

const project = (name: string, root: string, include: string) => ({
  extends: true as const,
  test: { name, root: here + root, include: [include] },
});

export default defineConfig({
  // Our packages import one another by name; this condition in their `exports` answers with the
  // TypeScript source, so tests need no build.
  ssr: { resolve: { conditions: ["@dps-certs/source"] } },
  test: {
    restoreMocks: true,
    globalSetup: `${here}tools/test-scratch.ts`,
    setupFiles: `${here}tools/test-derivations.ts`,
    // Loading the libraries anew for each file costs more than the tests do.
    isolate: false,
    maxWorkers: "100%",
    // Tests that start whole processes share two cores with their neighbours.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", new SummaryReporter()],
    projects: [
      project("workspace", "tools", "**/*.test.ts"),
      ...readdirSync(`${here}packages`).map((name) =>
        project(name, `packages/${name}`, "src/**/*.test.ts"),
      ),
    ],
    coverage: {
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.d.ts", "**/*.test.ts", "**/testing/**"],
    },
  },
});
