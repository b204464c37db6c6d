import { MANAGEMENT_CODE } from "@dps-certs/dps-protocol";
import type { DpsClientErrorCode } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { hintFor, type Plane } from "./hints.ts";
import { redact } from "./redact.ts";
import { retryAfterOf } from "./retry.ts";

/** An answer as it came, its body parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: unknown;
  /**
   * Whether the request was sent before, and that answer lost: the service may have acted twice.
   * @default false
   */
  maybeApplied?: boolean | undefined;
}

interface Words {
  errorCode?: number | string | undefined;
  message?: string | undefined;
  trackingId?: string | undefined;
}

interface Members {
  error?: unknown;
  errorCode?: unknown;
  code?: unknown;
  message?: unknown;
  Message?: unknown;
  trackingId?: unknown;
  details?: unknown;
}

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Some say a provider's number as text. */
function readCode(code: unknown): number | string | undefined {
  if (typeof code === "number") return code;
  return typeof code === "string" && /^\d{6}$/.test(code) ? Number(code) : text(code);
}

/** A generic message ("BadRequest") has its reason in its first detail, or in a text of details. */
function readDetail(details: unknown): string | undefined {
  if (!Array.isArray(details)) return text(details);
  const [first] = details as unknown[];
  return isObject(first) ? text(first.message) : undefined;
}

/**
 * Reads whichever error body it is: the data planes' (`errorCode`), the resource provider's (flat,
 * `code` a number), Azure Resource Manager's and a long operation's (`error.code` a word), or an IoT
 * hub's (`Message`).
 */
function readBody(body: unknown): Words {
  if (!isObject(body)) return {};
  const source = isObject(body.error) ? body.error : body;
  const message = text(source.message) ?? text(source.Message);
  const detail = readDetail(source.details);
  const words = [message, detail === message ? undefined : detail].filter((one) => one);
  return {
    errorCode: readCode(source.errorCode ?? source.code),
    message: text(words.join(" ")),
    trackingId: text(source.trackingId),
  };
}

/** The rest of a message is for the service's support. Nothing before it: blanks would be tried over and over. */
const BOILERPLATE =
  /If you contact a support representative please include this correlation identifier: ([0-9a-f-]{36})(?:.*?errorcode: IH(\d{6}))?/is;

/** A short code or id is kept whole or not at all: a piece of a secret would look like one. */
function token(value: string | undefined, secrets: readonly string[]): string | undefined {
  if (value === undefined || !/^[\w.:-]{1,100}$/.test(value)) return undefined;
  return redact(value, secrets) === value ? value : undefined;
}

function codeFor(plane: Plane, status: number, errorCode: unknown): DpsClientErrorCode {
  if (errorCode === MANAGEMENT_CODE.proofOfPossessionFailed) return "proof-of-possession-failed";
  const byStatus: Record<number, DpsClientErrorCode> = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    408: "timeout",
    409: "conflict",
    // Devices send no If-Match: there it means two registrations at once.
    412: plane === "device" ? "conflict" : "etag-mismatch",
    429: "throttled",
  };
  return byStatus[status] ?? (status >= 400 && status < 500 ? "bad-request" : "service");
}

function retryFor(status: number): Failure["retry"] {
  if (status === 429) return "safe";
  // 408 is a front end's, which may have handed the request on (RFC 9110 §15.5.9).
  return [408, 500, 502, 503, 504].includes(status) ? "unsure" : "never";
}

/**
 * What an answer other than 2xx means.
 *
 * @param secrets what was sent and must not come back in an error, should the other side repeat it
 */
export function httpFailure(
  plane: Plane,
  { status, headers, body }: Answer,
  secrets: readonly string[],
  now: number,
): Failure {
  const words = readBody(body);
  const boilerplate = BOILERPLATE.exec(words.message ?? "");
  const serviceMessage =
    words.message && redact(words.message.slice(0, boilerplate?.index), secrets);
  const code = words.errorCode ?? readCode(boilerplate?.[2] ?? headers["x-ms-error-code"]);
  const errorCode = typeof code === "number" ? code : token(code, secrets);
  const trackingId = token(
    words.trackingId ?? boilerplate?.[1] ?? headers["x-ms-request-id"],
    secrets,
  );
  const facts = [
    `HTTP ${status}`,
    ...(errorCode === undefined ? [] : [`error ${errorCode}`]),
    ...(trackingId === undefined ? [] : [`tracking id ${trackingId}`]),
  ].join(", ");
  return {
    code: codeFor(plane, status, errorCode),
    message: `the service answered ${serviceMessage ? `"${serviceMessage}" (${facts})` : facts}`,
    status,
    errorCode,
    trackingId,
    serviceMessage,
    hint: hintFor({ plane, status, errorCode, serviceMessage }),
    retryAfterMs: retryAfterOf(headers, now),
    retry: retryFor(status),
  };
}
