import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import * as v from "valibot";
import { readBody } from "../http/body.ts";
import { Refusal } from "../problems.ts";
import { isLoopback, loopbackLookup, NotLoopbackError } from "./loopback.ts";

/** What the service gives a webhook. */
export const WEBHOOK_TIMEOUT_MS = 5_000;
/** Bytes of an answer. */
export const MAX_ANSWER_BYTES: number = 64 * 1024;

/** `initialTwin` is looked at no further: there is no hub that would have a twin. */
export interface AllocationResponse {
  iotHubHostName: string;
  payload?: unknown;
}

const ALLOCATION_RESPONSE = v.looseObject({
  iotHubHostName: v.string(),
  initialTwin: v.nullish(v.looseObject({})),
  payload: v.nullish(v.unknown()),
});

/** Why a webhook gave none, as the end of "Custom allocation failed"; never its URL, which holds a key. */
export interface WebhookFailure {
  failure: string;
}

export interface WebhookCall {
  url: string;
  /** Becomes JSON. */
  body: unknown;
  /** Whether hosts other than loopback may be called. */
  allowAnywhere: boolean;
  /** Milliseconds for the whole call. @default 5000 */
  timeoutMs?: number | undefined;
  /** Looks up names. @default the system's */
  resolve?: LookupFunction;
}

/**
 * Asks a webhook where a device belongs: one POST, no redirects, no proxy. Never throws for what the
 * webhook does.
 */
export async function callWebhook(call: WebhookCall): Promise<AllocationResponse | WebhookFailure> {
  const url = URL.canParse(call.url) ? new URL(call.url) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || hasUser(url)) {
    return { failure: ": its webhookUrl is no http or https URL without a user name or password." };
  }
  const { timeoutMs = WEBHOOK_TIMEOUT_MS } = call;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await send(url, call, signal);
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) {
      response.destroy();
      return { failure: ` with status code: ${statusCode}` };
    }
    return readAnswer(await readBytes(response));
  } catch (error) {
    return { failure: failureOf(error, signal, timeoutMs) };
  }
}

const hasUser = ({ username, password }: URL) => username !== "" || password !== "";

function send(
  url: URL,
  { body, allowAnywhere, resolve }: WebhookCall,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // A literal address is not looked up.
  if (!allowAnywhere && isIP(host) !== 0 && !isLoopback(host)) throw new NotLoopbackError();
  const text = JSON.stringify(body);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((done, fail) => {
    const outgoing = request({
      method: "POST",
      host,
      port: url.port,
      path: url.pathname + url.search,
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": Buffer.byteLength(text),
      },
      // A connection of its own, which no setting of the process leads elsewhere.
      agent: false,
      signal,
      ...(allowAnywhere ? resolve && { lookup: resolve } : { lookup: loopbackLookup(resolve) }),
    });
    outgoing.once("response", done);
    outgoing.once("error", fail);
    outgoing.end(text);
  });
}

class TooLargeError extends Error {}

async function readBytes(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early ends the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new TooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readAnswer(bytes: Uint8Array): AllocationResponse | WebhookFailure {
  try {
    return readBody(ALLOCATION_RESPONSE, bytes, "an allocation response");
  } catch (error) {
    if (error instanceof Refusal) return { failure: `: ${error.message}` };
    throw error;
  }
}

function failureOf(error: unknown, signal: AbortSignal, timeoutMs: number): string {
  if (error instanceof NotLoopbackError) {
    return ": the emulator calls webhooks on loopback only, unless it is started to allow others.";
  }
  if (error instanceof TooLargeError) return ": the webhook's answer is larger than 64 KB.";
  if (signal.aborted) return `: the webhook did not answer within ${timeoutMs / 1000} seconds.`;
  return ": the webhook cannot be reached, or broke off its answer.";
}
