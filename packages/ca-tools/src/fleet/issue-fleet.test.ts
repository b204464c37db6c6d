import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { bundleWorker } from "../testing/fleet-worker.ts";
import { areAccepted } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { parseCertificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import { generateKeyPair, isKeyOf, parsePrivateKey } from "../x509/keys.ts";
import { compileFleetIssuer } from "./compile.ts";
import { issueFleet } from "./issue-fleet.ts";
import { libraryIssuer } from "./library-route.ts";
import { preparing } from "./prepare.ts";
import type { FleetDevice, FleetOptions, FleetRequest } from "./types.ts";

let folder: string;
let workerUrl: URL;
let root: Issuer;
let hall: Issuer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ca-tools-fleet-"));
  workerUrl = await bundleWorker(folder);
  root = await rootCa("Factory Root CA");
  hall = await issue("Hall 7", root);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (
  requests: Iterable<FleetRequest> | AsyncIterable<FleetRequest>,
  options: Partial<FleetOptions> = {},
) => issueFleet(requests, { issuer: hall, now: NOW, workerUrl, ...options });

const names = (count: number) => Array.from({ length: count }, (_, index) => `dev-${index}`);
const requests = (count: number): FleetRequest[] =>
  names(count).map((commonName) => ({ commonName }));

async function devicesOf(batches: AsyncIterable<FleetDevice[]>): Promise<FleetDevice[]> {
  const devices: FleetDevice[] = [];
  for await (const batch of batches) {
    expect(batch).not.toEqual([]);
    devices.push(...batch);
  }
  return devices;
}

/** What is issued before the run fails, and the error. */
async function failureOf(batches: AsyncIterable<FleetDevice[]>) {
  const issued: string[] = [];
  try {
    for await (const batch of batches) issued.push(...batch.map(({ commonName }) => commonName));
  } catch (error) {
    return { issued, error };
  }
  throw new Error("the run did not fail");
}

/** A source that tells what was taken of it, and whether it was closed. */
function watched(count: number) {
  const seen = { taken: 0, isClosed: false };
  function* source() {
    try {
      for (const request of requests(count)) {
        seen.taken++;
        yield request;
      }
    } finally {
      seen.isClosed = true;
    }
  }
  return { seen, source: source() };
}

// With threads, more than are issued before these have started.
describe.each([
  [0, 500],
  [2, 4000],
])("issueFleet with %d threads", (workers, count) => {
  it("issues in the order of the requests, and takes few of these ahead", async () => {
    const { seen, source } = watched(count);
    const devices: FleetDevice[] = [];
    for await (const batch of run(source, { workers })) {
      devices.push(...batch);
      expect(seen.taken - devices.length).toBeLessThanOrEqual(128 * (2 * workers + 1) + 1);
    }
    expect(devices.map(({ commonName }) => commonName)).toEqual(names(count));
    for (const member of ["serialNumber", "privateKey", "sha256"] as const) {
      expect(new Set(devices.map((device) => device[member])).size).toBe(count);
    }
    const sample = devices.filter((_, index) => index % 97 === 0);
    for (const { der, certificate, privateKey, cutFrom, ...told } of sample) {
      const read = parseCertificate(certificate);
      expect(read).toMatchObject(told);
      // Thirty days are more than this issuer has.
      expect(cutFrom).toEqual(inDays(30));
      expect(Buffer.from(der).equals(read.der)).toBe(true);
      expect(isKeyOf(parsePrivateKey(privateKey), read)).toBe(true);
    }
    const chain = [hall.certificate, root.certificate];
    const paths = sample.map(({ certificate }) => [{ pem: certificate }, ...chain]);
    expect(areAccepted(scratch(), paths, { at: NOW, purpose: "sslclient" })).not.toContain(false);
  });

  it("closes the requests when its caller has enough", async () => {
    const { seen, source } = watched(count);
    let given = 0;
    for await (const batch of run(source, { workers })) {
      given += batch.length;
      if (given > count / 2) break;
    }
    expect(seen.isClosed).toBe(true);
    expect(seen.taken).toBeLessThan(count);
  });

  it("issues all that comes before a request that is refused", async () => {
    const wanted = requests(count);
    wanted[count - 100] = { commonName: "a\nb" };
    const { issued, error } = await failureOf(run(wanted, { workers }));
    expect(issued).toEqual(names(count - 100));
    expect(error).toMatchObject({ code: "invalid-name" });
  });

  it("ends with the reason of an abort, and closes the requests", async () => {
    const { seen, source } = watched(count);
    const controller = new AbortController();
    const batches = run(source, { workers, signal: controller.signal });
    for (let given = 0; given < count / 2; ) given += (await batches.next()).value?.length ?? count;
    controller.abort(new Error("enough"));
    await expect(batches.next()).rejects.toThrow("enough");
    expect(await batches.next()).toEqual({ done: true, value: undefined });
    expect(seen.isClosed).toBe(true);
  });
});

describe("issueFleet", () => {
  it("reads requests that come one after the other, and tells their failure in its place", async () => {
    async function* source() {
      for (const request of requests(200)) {
        await Promise.resolve();
        yield request;
      }
      throw new Error("line 201 is none");
    }
    const { issued, error } = await failureOf(run(source()));
    expect(issued).toEqual(names(200));
    expect(error).toMatchObject({ message: "line 201 is none" });
  });

  it("makes nothing of no requests", async () => {
    expect(await devicesOf(run([]))).toEqual([]);
  });

  it("does not wait for requests that never come once it is aborted", async () => {
    const controller = new AbortController();
    async function* source() {
      yield { commonName: "dev-1" };
      setImmediate(() => controller.abort());
      await new Promise(() => undefined);
    }
    const batches = devicesOf(run(source(), { signal: controller.signal }));
    await expect(batches).rejects.toMatchObject({ name: "AbortError" });
  });

  it("does not wait for a thread that never answers once it is aborted", async () => {
    const code = `import { BroadcastChannel, parentPort } from "node:worker_threads";
      const channel = new BroadcastChannel("silent-thread");
      parentPort.on("message", (batch) => Array.isArray(batch) && channel.postMessage(0));`;
    const silent = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const controller = new AbortController();
    const channel = new BroadcastChannel("silent-thread");
    channel.onmessage = () => controller.abort();
    const { signal } = controller;
    const batches = devicesOf(run(requests(8000), { workers: 1, workerUrl: silent, signal }));
    await expect(batches).rejects.toMatchObject({ name: "AbortError" });
    channel.close();
  });

  it("does not begin when it is aborted already", async () => {
    const { seen, source } = watched(3);
    const batches = devicesOf(run(source, { signal: AbortSignal.abort() }));
    await expect(batches).rejects.toMatchObject({ name: "AbortError" });
    expect(seen.taken).toBe(0);
  });

  it("fails when a thread does, and does not hang", async () => {
    const code = "import 'node:worker_threads'; process.exit(3)";
    const broken = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const { error } = await failureOf(run(requests(8000), { workers: 2, workerUrl: broken }));
    expect(error).toMatchObject({ code: "worker-failed" });
  });

  it("refuses a key that is not the issuer's, before it takes a request", async () => {
    const { seen, source } = watched(3);
    const { privateKey } = await generateKeyPair();
    const issuer = { certificate: hall.certificate, privateKey };
    await expect(devicesOf(run(source, { issuer }))).rejects.toMatchObject({
      code: "key-mismatch",
    });
    expect(seen.taken).toBe(0);
  });

  it("issues what the template cannot say by way of the library, in its place", async () => {
    const subjectAlternativeNames = { dns: ["a.example"], ip: ["10.0.0.1"] };
    const wanted = requests(60).map((request, index) =>
      index % 20 < 2 ? { ...request, subjectAlternativeNames } : request,
    );
    const devices = await devicesOf(run(wanted));
    expect(devices.map(({ commonName }) => commonName)).toEqual(names(60));
    const listed = devices.map(
      ({ certificate }) => parseCertificate(certificate).subjectAlternativeNames,
    );
    expect(listed.map((names) => names.map(({ value }) => value))).toEqual(
      wanted.map(({ subjectAlternativeNames: given }) => (given ? ["a.example", "10.0.0.1"] : [])),
    );
  });

  it("makes other keys by way of the library", async () => {
    const options = { issuer: hall, now: NOW, algorithm: "ec-p384", days: 3 } as const;
    const [device] = await devicesOf(run(requests(2), options));
    const certificate = parseCertificate(device?.certificate ?? "");
    expect(certificate).toMatchObject({ keyAlgorithm: "ec-p384", notAfter: inDays(3) });
    const single = await (await compileFleetIssuer(options)).issue({ commonName: "dev-1" });
    expect(parseCertificate(single.certificate).keyAlgorithm).toBe("ec-p384");
  });

  it("makes nothing more by way of the library once nobody waits", async () => {
    const options = { issuer: hall, now: NOW };
    const prepared = preparing(options)({ commonName: "dev-1" });
    expect(await libraryIssuer(options, () => true)([prepared])).toEqual([]);
  });
});
