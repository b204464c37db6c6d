import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { NOW, rootCa } from "../testing/authority.ts";
import { bundleWorker } from "../testing/fleet-worker.ts";
import { scratch } from "../testing/scratch.ts";
import { compile } from "./compile.ts";
import { crewOf } from "./crew.ts";
import type { FleetOptions } from "./types.ts";

async function crewAnd(options: Partial<FleetOptions>) {
  const all = { issuer: await rootCa("Factory"), now: NOW, ...options };
  const compiled = await compile(all);
  const wanted = (count: number) =>
    Array.from({ length: count }, (_, index) => compiled.prepare({ commonName: `dev-${index}` }));
  return { crew: crewOf(compiled, all), wanted };
}

it("starts threads for a fleet that is worth them, and then issues ahead", async () => {
  const { crew, wanted } = await crewAnd({ workers: 2, workerUrl: await bundleWorker(scratch()) });
  const issue = async (count: number) => {
    expect(await crew.issue({ wanted: wanted(count), byLibrary: false })).toHaveLength(count);
    await nextTurn();
  };
  await issue(1000);
  expect(crew.ahead()).toBe(0);
  while (crew.ahead() === 0) await issue(1);
  expect(crew.ahead()).toBe(4);
  await issue(3);
  await crew.close();
});

it.each([true, false])("stops when it is closed (by the library: %j)", async (byLibrary) => {
  const { crew, wanted } = await crewAnd({ workers: 0 });
  const issued = crew.issue({ wanted: wanted(3000), byLibrary });
  await crew.close();
  expect((await issued).length).toBeLessThan(3000);
});
