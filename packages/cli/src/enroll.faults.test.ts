import { describe, expect, it } from "vitest";
import type { Fault } from "./testing/fault-proxy.ts";
import {
  beginnings,
  createFaultBench,
  everyRequest,
  type FaultBench,
  faultPoints,
  isThorough,
  QUICK_FAULTS,
  subjectsOf,
} from "./testing/faults.ts";
import { HURRIED, IMPATIENT } from "./testing/patience.ts";

const ENROLL = "enroll thermostats --devices 1 --register";
const DONE = "thermostats was enrolled already; nothing to do\n";

interface Clean {
  requests: string[];
  state: unknown;
}

let known: Promise<Clean> | undefined;
/** What a run that nothing disturbs asks for and leaves. */
async function clean(): Promise<Clean> {
  known ??= (async () => {
    const bench = await createFaultBench();
    expect(await bench.run(ENROLL)).toMatchObject({ status: 0 });
    return { requests: bench.requests(), state: await bench.state() };
  })();
  return await known;
}

/** The service holds what it should, and nothing was made twice. */
async function expectEnrolled({ bench, state }: FaultBench, where: unknown): Promise<void> {
  expect([where, await state()]).toEqual([where, (await clean()).state]);
  // Codes may have been asked for more than once.
  const made = subjectsOf(bench).filter((subject) => !/^\/CN=[0-9A-F]{48}$/.test(subject));
  expect([where, made]).toEqual([
    where,
    ["/CN=thermostats Intermediate CA", "/CN=thermostats-001"],
  ]);
}

describe("enroll, behind a network that breaks", () => {
  it("asks again for what it lost, and is done with one run", { timeout: 120_000 }, async () => {
    for (const first of beginnings(0)) {
      const bench = await createFaultBench();
      const faultAt = everyRequest(QUICK_FAULTS, first);
      const { status, stderr } = await bench.run(ENROLL, { faultAt });
      expect([first, status, stderr]).toEqual([first, 0, expect.any(String)]);
      await expectEnrolled(bench, { first });
      expect((await bench.run(ENROLL)).stdout).toBe(DONE);
    }
  });

  it("does not wait for answers that never come", { timeout: 120_000 }, async () => {
    const late = isThorough() ? / / : /verify$|^PUT .*\/register$/;
    const bench = await createFaultBench();
    const once = everyRequest(["answer late"]);
    const faultAt = (request: string, index: number): Fault | undefined =>
      late.test(request) ? once(request, index) : undefined;
    expect(await bench.run(ENROLL, { patience: HURRIED, faultAt })).toMatchObject({ status: 0 });
    await expectEnrolled(bench, "late");
  });

  it("is finished by a second run, wherever the first one broke off", {
    timeout: 600_000,
  }, async () => {
    const { requests } = await clean();
    const points = faultPoints(requests.length * QUICK_FAULTS.length, 3);
    for (const point of points) {
      const at = point % requests.length;
      const fault = QUICK_FAULTS[Math.floor(point / requests.length)];
      const bench = await createFaultBench();
      const faultAt = (_: string, index: number) => (index === at ? fault : undefined);
      await bench.run(ENROLL, { patience: IMPATIENT, faultAt });
      const where = { fault, request: requests[at] };
      const { status, stderr } = await bench.run(ENROLL);
      expect([where, status, stderr]).toEqual([where, 0, expect.any(String)]);
      await expectEnrolled(bench, where);
    }
  });
});
