import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { workerUrl } from "./worker-url.ts";

it("is beside the code, be that built or bundled", () => {
  expect(workerUrl("file:///app/dist/fleet/worker-url.js").href).toBe(
    "file:///app/dist/fleet/fleet-worker.js",
  );
  expect(workerUrl("file:///app/chunk-1.js").href).toBe("file:///app/fleet-worker.js");
});

it("is what was built of the sources, for the sources", () => {
  expect(workerUrl("file:///p/src/fleet/worker-url.ts").href).toBe(
    "file:///p/dist/fleet/fleet-worker.js",
  );
  expect(existsSync(new URL("./fleet-worker.ts", import.meta.url))).toBe(true);
});
