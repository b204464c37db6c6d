import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  beginnings,
  createFaultBench,
  everyRequest,
  type FaultBench,
  faultPoints,
  isThorough,
  QUICK_FAULTS,
  type RunOptions,
} from "./testing/faults.ts";
import { IMPATIENT } from "./testing/patience.ts";

interface Flow {
  name: string;
  /** What comes first, and is not disturbed. */
  before?: string;
  /** What is disturbed, and run again. */
  command: string;
  /** Tried where all is: others show as much. */
  onlyIfThorough?: boolean;
}

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const CREATE = "group create ID --ca intermediate --initial-twin twin.json";
const IMPORT = "enrollment import --from ID.csv --concurrency 1";

const FLOWS: readonly Flow[] = [
  { name: "group create", command: CREATE },
  {
    name: "group create with keys that the service draws",
    onlyIfThorough: true,
    command: "group create ID --symmetric-key",
  },
  {
    name: "group update",
    before: CREATE,
    command: `group update ID --disabled --secondary-ca ${ROOT}`,
  },
  {
    name: "certificate upload",
    onlyIfThorough: true,
    command: "certificate upload root --name ID",
  },
  {
    name: "certificate verify",
    before: "certificate upload root --name ID",
    command: "certificate verify ID",
  },
  {
    name: "enrollment import",
    command: IMPORT,
  },
  {
    name: "enrollment import of changes",
    before: IMPORT,
    command: "enrollment import --from ID-changes.csv --mode update --concurrency 1",
  },
  {
    name: "enrollment import of deletions",
    onlyIfThorough: true,
    before: IMPORT,
    command: `${IMPORT} --mode delete --yes`,
  },
];

const KEY = Buffer.alloc(32, 7).toString("base64");
/** Two requests' worth of rows: drawn keys, given keys, certificates. */
const ROWS = Array.from({ length: 12 }, (_, index) => {
  const attestation = ["symmetricKey,,", `,${KEY},`, `,,${ROOT}`][index % 3];
  return `${String(index).padStart(2, "0")},${attestation}`;
});

function writeLists({ bench }: FaultBench, id: string): void {
  const rows = ROWS.map((row) => `${id}-${row}`);
  const header = "registrationId,attestation,primaryKey,certificate";
  writeFileSync(bench.path(`${id}.csv`), `${[header, ...rows].join("\n")}\n`);
  const changes = rows.map((row) => `${row.split(",")[0]},disabled`);
  const text = ["registrationId,provisioningStatus", ...changes].join("\n");
  writeFileSync(bench.path(`${id}-changes.csv`), `${text}\n`);
}

async function prepare(): Promise<FaultBench> {
  const faulty = await createFaultBench();
  // Without the service, so that one folder serves all flows.
  await faulty.bench.run("ca create");
  const twin = { properties: { desired: { interval: 5 } } };
  writeFileSync(faulty.bench.path("twin.json"), JSON.stringify(twin));
  return faulty;
}

/** Everything that the service holds, with this flow's id as `ID`. */
const heldBy = async ({ state }: FaultBench, id: string): Promise<unknown> =>
  JSON.parse(JSON.stringify(await state()).replaceAll(id, "ID"));

const tried = FLOWS.filter(({ onlyIfThorough = false }) => isThorough() || !onlyIfThorough);

describe.each(tried)("$name, behind a network that breaks", ({ before, command }) => {
  it("is done at last, once and for all", { timeout: 120_000 }, async () => {
    const bench = await prepare();
    const run = async (line: string, id: string, how?: RunOptions) => {
      const { status, stderr } = await bench.run(line.replaceAll("ID", id), how);
      expect([id, line, status, stderr]).toEqual([id, line, 0, expect.any(String)]);
    };
    const begin = async (id: string) => {
      await bench.wipe();
      writeLists(bench, id);
      if (before !== undefined) await run(before, id);
    };
    await begin("clean");
    await run(command, "clean");
    const requests = bench.requests().length;
    const wanted = await heldBy(bench, "clean");

    // So that the service gets the write of a short flow twice.
    for (const first of beginnings(4)) {
      const id = `patient${first}`;
      await begin(id);
      await run(command, id, { faultAt: everyRequest(QUICK_FAULTS, first) });
      expect([id, await heldBy(bench, id)]).toEqual([id, wanted]);
    }
    for (const point of faultPoints(requests * QUICK_FAULTS.length, 1)) {
      const fault = QUICK_FAULTS[Math.floor(point / requests)];
      const id = `request${point % requests}${fault?.replace(" ", "")}`;
      await begin(id);
      const faultAt = (_: string, index: number) =>
        index === point % requests ? fault : undefined;
      await bench.run(command.replaceAll("ID", id), { patience: IMPATIENT, faultAt });
      await run(command, id);
      expect([id, await heldBy(bench, id)]).toEqual([id, wanted]);
    }
  });
});
