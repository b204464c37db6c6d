/**
 * Where the worker's code is: a file of its own, `fleet-worker.js`, beside the file that this code is
 * in. That holds for the built package; a bundle must have `fleet-worker` as an entry of its own, in
 * the folder of the chunks. Sources run what was built of them: Node 20 starts no TypeScript.
 */
export function workerUrl(self: string = import.meta.url): URL {
  const isSource = self.endsWith(".ts");
  return new URL(isSource ? "../../dist/fleet/fleet-worker.js" : "./fleet-worker.js", self);
}
