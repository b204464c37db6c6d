import { MANAGEMENT_CODE } from "@dps-certs/dps-protocol";
import type { DpsClientErrorCode } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { hintFor, type Plane } from "./hints.ts";
import { redact } from "./redact.ts";
import { parseRetryAfter } from "./retry.ts";

/** An answer as it came, its body parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: unknown;
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
}

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/**
 * Reads whichever error body it is: the data planes' (`errorCode`), the resource provider's (flat,
 * `code` a number), Azure Resource Manager's (`error.code` a word), or an IoT hub's (`Message`).
 */
function readBody(body: unknown): Words {
  if (!isObject(body)) return {};
  const source = isObject(body.error) ? body.error : body;
  const code = source.errorCode ?? source.code;
  return {
    errorCode: typeof code === "number" ? code : text(code),
    message: text(source.message) ?? text(source.Message),
    trackingId: text(source.trackingId),
  };
}

const BOILERPLATE =
  /\s*If you contact a support representative please include this correlation identifier: ([0-9a-f-]{36}).*$/is;

/** A short code or id is kept whole or not at all. */
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
    409: "conflict",
    // Devices send no If-Match: there it means two registrations at once.
    412: plane === "device" ? "conflict" : "etag-mismatch",
    429: "throttled",
  };
  return byStatus[status] ?? (status >= 400 && status < 500 ? "bad-request" : "service");
}

function retryFor(status: number): Failure["retry"] {
  if (status === 429) return "safe";
  return [500, 502, 503, 504].includes(status) ? "unsure" : "never";
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
  const serviceMessage = words.message && redact(words.message.replace(BOILERPLATE, ""), secrets);
  const errorCode =
    typeof words.errorCode === "number" ? words.errorCode : token(words.errorCode, secrets);
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
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
    retry: retryFor(status),
  };
}
