import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

/** The code of issuing threads as one file of JavaScript: Node 20 runs no TypeScript, and tests need no build. */
export async function bundleWorker(folder: string): Promise<URL> {
  const input = fileURLToPath(new URL("../fleet/fleet-worker.ts", import.meta.url));
  const bundle = await rolldown({ input, platform: "node" });
  const file = join(folder, "fleet-worker.mjs");
  await bundle.write({ file, format: "esm" });
  return pathToFileURL(file);
}
