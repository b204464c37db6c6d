import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { NOW, rootCa } from "../testing/authority.ts";
import { bundleWorker } from "../testing/fleet-worker.ts";
import { scratch } from "../testing/scratch.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { compile } from "./compile.ts";
import { devicesOf } from "./devices-of.ts";
import { type Pool, startPool } from "./pool.ts";

const compiled = async () => await compile({ issuer: await rootCa("Factory"), now: NOW });

async function poolOf(size: number, url: URL) {
  const { parts, prepare } = await compiled();
  const pool = startPool(parts, size, url);
  onTestFinished(async () => await pool.close());
  return { pool, prepare };
}

const failing = (code: string) =>
  poolOf(1, new URL(`data:text/javascript,${encodeURIComponent(code)}`));

const refusal = async ({ pool }: { pool: Pool }) =>
  await pool.issue([]).then(
    () => undefined,
    (error: unknown) => error,
  );

it("answers each batch with its own certificates, whichever thread issues it", async () => {
  const { pool, prepare } = await poolOf(2, await bundleWorker(scratch()));
  const batches = Array.from({ length: 6 }, (_, batch) =>
    Array.from({ length: batch + 1 }, (_, index) =>
      prepare({ commonName: `dev-${batch}-${index}` }),
    ),
  );
  const issued = await Promise.all(batches.map((batch) => pool.issue(batch)));
  expect(pool.isReady()).toBe(true);
  const devices = issued.flatMap((batch, index) => devicesOf(batches[index] ?? [], batch));
  expect(devices.map(({ der }) => parseCertificate(der).commonName)).toEqual(
    batches.flat().map(({ commonName }) => commonName),
  );
});

it("gives a batch to the thread that has the fewest", async () => {
  const code = `import { parentPort, threadId } from "node:worker_threads";
    parentPort.on("message", (batch) => Array.isArray(batch) && parentPort.postMessage({ ends: [threadId] }));`;
  const { pool } = await poolOf(2, new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const answers = await Promise.all([
    pool.issue([]),
    pool.issue([]),
    pool.issue([]),
    pool.issue([]),
  ]);
  const [first, second, ...others] = answers.flatMap(({ ends }) => ends);
  expect(first).not.toBe(second);
  expect(others).toEqual([first, second]);
});

it.each([
  ["ends", "process.exit(3)", "3"],
  ["fails", "throw new Error('out of luck')", "out of luck"],
  [
    "ends over a batch",
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', (m) => Array.isArray(m) && process.exit(4))",
    "4",
  ],
])("fails, now and later, when a thread %s", async (_, code, reason) => {
  const broken = await failing(code);
  const expected = { code: "worker-failed", message: expect.stringContaining(reason) };
  expect(await refusal(broken)).toMatchObject(expected);
  expect(await refusal(broken)).toMatchObject(expected);
});

it("fails when the threads' code is not there", async () => {
  const broken = await poolOf(1, pathToFileURL(join(scratch(), "nothing.js")));
  expect(await refusal(broken)).toMatchObject({ code: "worker-failed" });
});

it("answers nobody any more when it is closed", async () => {
  const broken = await failing("import 'node:worker_threads'; setInterval(() => {}, 1e6)");
  const waiting = refusal(broken);
  await broken.pool.close();
  expect(await waiting).toMatchObject({ code: "worker-failed" });
});
