/** Running commands against a service behind a proxy that breaks things. */
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import { onTestFinished } from "vitest";
import { connectEmulator, type Patience } from "../target/connection.ts";
import { type Bench, createBench, type Outcome } from "./bench.ts";
import { FAULTS, type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { PATIENT } from "./patience.ts";
import { all } from "./service.ts";

/** Those that take no waiting. */
export const QUICK_FAULTS: readonly Fault[] = FAULTS.filter((fault) => fault !== "answer late");

export interface FaultBench {
  bench: Bench;
  emulator: Emulator;
  /** Method and path of every request that came since the last `run`. */
  requests: () => string[];
  /** Runs a command against the emulator behind the proxy. */
  run: (commandLine: string, how?: RunOptions) => Promise<Outcome>;
  /** What the service holds, in a form in which two runs that ended alike are equal. */
  state: () => Promise<unknown>;
  /** Takes from the service whatever it holds. */
  wipe: () => Promise<void>;
}

export interface RunOptions {
  /** @param index - of the request, from 0 */
  faultAt?: (request: string, index: number) => Fault | undefined;
  /** @default PATIENT */
  patience?: Patience;
}

const TARGET = "behind-the-proxy.json";

function deviceFiles(bench: Bench, id: string) {
  const read = (...parts: string[]) => readFileSync(bench.path("pki", ...parts), "utf8");
  return {
    cert: read("certs", `${id}-full-chain.cert.pem`),
    key: read("private", `${id}.key.pem`),
  };
}

/** An empty folder, an empty service, and a proxy between them. */
export async function createFaultBench(): Promise<FaultBench> {
  const bench = createBench();
  const emulator = await startEmulator({ inMemory: true, retryAfterSeconds: 0 });
  let faultAt: NonNullable<RunOptions["faultAt"]> = () => undefined;
  const proxy: FaultProxy = await startFaultProxy({
    emulator,
    faultAt: (request, index) => faultAt(request, index),
    identityOf: (id) => deviceFiles(bench, id),
  });
  onTestFinished(async () => {
    await proxy.close();
    await emulator.close();
  });
  const { url, caPem } = proxy;
  writeFileSync(bench.path("proxy-ca.pem"), caPem);
  const access = { ...emulator, url, managementUrl: url, caFile: bench.path("proxy-ca.pem") };
  writeFileSync(bench.path(TARGET), JSON.stringify({ ...access, pid: process.pid }));
  return {
    bench,
    emulator,
    requests: () => [...proxy.requests],
    run: async (commandLine, { faultAt: at = () => undefined, patience = PATIENT } = {}) => {
      faultAt = at;
      proxy.requests.length = 0;
      return await bench.run(`${commandLine} --target ${TARGET}`, { patience });
    },
    state: () => stateOf(bench, emulator),
    wipe: () => wipe(emulator),
  };
}

/** Members that two runs have differently: times and etags. */
const CHANGING = /Utc$|^(?:etag|id|created|updated|expiry|serialNumber)$/;

/** Thumbprints by the file of the certificate that has them, for each run makes its own. */
function thumbprintsOf(bench: Bench): Map<string, string> {
  const folder = bench.path("pki/certs");
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => isSingle(name)) : [];
  return new Map(
    files.flatMap((name) => {
      const { fingerprint, fingerprint256 } = new X509Certificate(readFileSync(join(folder, name)));
      return [
        [fingerprint.replaceAll(":", ""), `SHA-1 of ${name}`],
        [fingerprint256.replaceAll(":", ""), `SHA-256 of ${name}`],
      ] as const;
    }),
  );
}

const isSingle = (name: string): boolean => /\.cert\.pem$/.test(name) && !/chain/.test(name);

async function stateOf(bench: Bench, emulator: Emulator): Promise<unknown> {
  const { certificates, enrollments, close } = connectEmulator(emulator, emulator.caPem);
  const groups = await all(enrollments.groups.query());
  const registrations = await Promise.all(
    groups.map(({ enrollmentGroupId: id }) => all(enrollments.registrations.query(id))),
  );
  const held = {
    certificates: await certificates.list(),
    groups,
    enrollments: await all(enrollments.enrollments.query()),
    registrations,
  };
  await close();
  const thumbprints = thumbprintsOf(bench);
  const text = JSON.stringify(held, (name, value: unknown) => {
    if (CHANGING.test(name)) return undefined;
    return typeof value === "string" ? (thumbprints.get(value) ?? value) : value;
  });
  return JSON.parse(text);
}

async function wipe(emulator: Emulator): Promise<void> {
  const { certificates, enrollments, close } = connectEmulator(emulator, emulator.caPem);
  const { groups, enrollments: individual } = enrollments;
  for (const { name, etag } of await certificates.list()) {
    await certificates.delete(name, { ifMatch: etag });
  }
  const held = [
    ...(await all(groups.bulk("delete", groups.query()))),
    ...(await all(individual.bulk("delete", individual.query()))),
  ];
  if (!held.every(({ ok }) => ok)) throw new Error("something could not be deleted");
  await close();
}

/** Devices and CAs of the PKI folder, each as often as a certificate was made for it. */
export const subjectsOf = (bench: Bench): string[] =>
  readFileSync(bench.path("pki/index.txt"), "utf8")
    .trim()
    .split("\n")
    .map((row) => row.split("\t").at(-1) ?? "")
    .sort();

/**
 * A fault in turn for each request of a flow that differs from those before it; later ones like it,
 * and the further attempts, get through.
 *
 * @param first - which of `faults` the flow begins with
 */
export function everyRequest(
  faults: readonly Fault[],
  first = 0,
): NonNullable<RunOptions["faultAt"]> {
  const seen = new Set<string>();
  return (request) => {
    if (seen.has(request)) return undefined;
    seen.add(request);
    return faults[(first + seen.size - 1) % faults.length];
  };
}

/** Whether every point is tried, which takes minutes. */
export const isThorough = (): boolean => process.env.DPS_CERTS_TEST_CRASHES === "all";

/**
 * The points out of `total` at which a flow is broken: each where DPS_CERTS_TEST_CRASHES is "all", else
 * `samples` of them, spread over the whole.
 */
export function faultPoints(total: number, samples: number): number[] {
  const count = isThorough() ? total : Math.min(samples, total);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * total) / count));
}

/** With which fault a flow may begin: with each where all is tried, else with these. */
export const beginnings = (...samples: number[]): number[] =>
  isThorough() ? [...QUICK_FAULTS.keys()] : samples;
