/** A thread that issues: the first message says for whom, each further one is a batch. */
import { parentPort } from "node:worker_threads";
import { batchIssuer, type IssuingParts } from "./issue-batch.ts";
import { textsOf } from "./texts.ts";
import type { Fields } from "./write-certificate.ts";

parentPort?.once("message", (parts: IssuingParts) => {
  const issue = batchIssuer(parts);
  parentPort?.on("message", (batch: Fields[]) => {
    const issued = textsOf(issue(batch));
    parentPort?.postMessage(issued, [issued.certificates.buffer]);
  });
});
