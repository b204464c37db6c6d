import { Worker } from "node:worker_threads";
import { CaToolsError } from "../errors.ts";
import type { IssuingParts } from "./issue-batch.ts";
import type { IssuedTexts } from "./texts.ts";
import { workerUrl } from "./worker-url.ts";
import type { Fields } from "./write-certificate.ts";

/** Threads that issue. */
export interface Pool {
  /** Whether all threads have started. */
  isReady(): boolean;
  /** @throws {CaToolsError} `worker-failed` when the thread ends over it, or ended before */
  issue(batch: readonly Fields[]): Promise<IssuedTexts>;
  /** Ends the threads, whatever is under way. */
  close(): Promise<void>;
}

/** @param url - of the worker's code */
export function startPool(parts: IssuingParts, size: number, url: URL = workerUrl()): Pool {
  const members = Array.from({ length: size }, () => startMember(parts, url));
  return {
    isReady: () => members.every(({ isReady }) => isReady()),
    issue(batch) {
      const idlest = members.reduce((least, one) => (one.load() < least.load() ? one : least));
      return idlest.issue(batch);
    },
    async close() {
      await Promise.all(members.map(({ close }) => close()));
    },
  };
}

interface Member {
  isReady(): boolean;
  /** Batches under way. */
  load(): number;
  issue(batch: readonly Fields[]): Promise<IssuedTexts>;
  close(): Promise<unknown>;
}

interface Waiting {
  resolve(issued: IssuedTexts): void;
  reject(error: CaToolsError): void;
}

function startMember(parts: IssuingParts, url: URL): Member {
  // Options of the command line, such as --input-type, may not suit the worker's file.
  // Its young generation would grow to tens of megabytes of what is dead already.
  const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
  const worker = new Worker(url, { execArgv: [], resourceLimits });
  const waiting: Waiting[] = [];
  let isReady = false;
  let failure: CaToolsError | undefined;
  const fail = (cause: unknown) => {
    failure ??= workerFailed(cause);
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.once("online", () => {
    isReady = true;
  });
  // A thread answers in the order in which it was asked.
  worker.on("message", (issued: IssuedTexts) => waiting.shift()?.resolve(issued));
  worker.on("error", fail);
  worker.on("messageerror", fail);
  worker.on("exit", (code) => fail(new Error(`it ended with status ${code}`)));
  worker.postMessage(parts);
  return {
    isReady: () => isReady,
    load: () => waiting.length,
    issue: (batch) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.push({ resolve, reject });
        worker.postMessage(
          batch.map(({ serialNumber, validity, commonName }) => ({
            serialNumber,
            validity,
            commonName,
          })),
        );
      }),
    close: () => worker.terminate(),
  };
}

function workerFailed(cause: unknown): CaToolsError {
  const reason = cause instanceof Error ? cause.message : "";
  return new CaToolsError(
    "worker-failed",
    `a thread that issues certificates has ended: ${reason}`,
    {
      cause,
      hint: "try again, or issue without further threads (workers: 0)",
    },
  );
}
