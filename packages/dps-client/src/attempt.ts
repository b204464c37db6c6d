import type { Dispatcher } from "undici";
import { onAbort } from "./aborted.ts";
import { DpsClientError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import type { Answer } from "./http-failure.ts";
import { networkFailure } from "./network-failure.ts";

/** Runs `work` with a signal that aborts on the caller's signal or after `ms` milliseconds. */
async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ value: T } | { ended: "timeout" | "aborted" } | { error: unknown }> {
  const controller = new AbortController();
  let ended: "timeout" | "aborted" | undefined;
  const end = (why: "timeout" | "aborted") => {
    ended ??= why;
    controller.abort();
  };
  if (signal?.aborted) return { ended: "aborted" };
  const release = onAbort(signal, () => end("aborted"));
  const timer = setTimeout(() => end("timeout"), ms);
  try {
    return { value: await work(controller.signal) };
  } catch (error) {
    return ended ? { ended } : { error };
  } finally {
    clearTimeout(timer);
    release();
  }
}

async function readBytes(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      throw new DpsClientError("response-too-large", `the answer is longer than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Stands for a body that is not JSON. What it was is not kept: an answer may hold keys. */
export const NOT_JSON: unique symbol = Symbol("not JSON");
/** Stands for a body that begins as JSON and does not end so: undici does not see a missing chunk. */
export const CUT_SHORT: unique symbol = Symbol("cut short");

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString("utf8").trim();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return /^[{[]/.test(text) ? CUT_SHORT : NOT_JSON;
  }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(", ")]],
    ),
  );
}

export interface AttemptOptions {
  dispatcher: Dispatcher;
  /** Makes the request; called within the time limit. */
  prepare: (signal: AbortSignal) => Promise<Dispatcher.RequestOptions>;
  /** What must not appear in an error; called after `prepare`. */
  secrets: () => readonly string[];
  host: string;
  timeoutMs: number;
  maxResponseBytes: number;
  signal: AbortSignal | undefined;
}

/** Sends a request once. Whatever status comes back is an answer; only its absence is a failure. */
export async function attempt(options: AttemptOptions): Promise<Answer | Failure> {
  const { dispatcher, host, timeoutMs, signal } = options;
  let sent = false;
  const result = await within(timeoutMs, signal, async (limit) => {
    const request = await options.prepare(limit);
    sent = true;
    const { statusCode, headers, body } = await dispatcher.request({ ...request, signal: limit });
    const bytes = await readBytes(body, options.maxResponseBytes);
    return { status: statusCode, headers: flatten(headers), body: parseJson(bytes) };
  });
  if ("value" in result) return result.value;
  if ("error" in result) {
    const { error } = result;
    if (!(error instanceof DpsClientError)) return networkFailure(host, error, options.secrets());
    const { code, message, hint, cause } = error;
    return { code, message, hint, cause, retry: "never", maybeApplied: sent };
  }
  if (result.ended === "aborted") {
    const cause: unknown = signal?.reason;
    return { code: "aborted", message: "aborted", retry: "never", maybeApplied: sent, cause };
  }
  const ms = Math.round(timeoutMs);
  return sent
    ? {
        code: "timeout",
        message: `${host} did not answer within ${ms} ms`,
        hint: "Check the network and the proxy, or allow it more time.",
        retry: "unsure",
      }
    : { code: "timeout", message: `the credential gave no token within ${ms} ms`, retry: "safe" };
}
