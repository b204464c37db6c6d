import { QuerySpecification } from "@dps-certs/dps-protocol";
import { readBody } from "../http/body.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";

/** Items of a page when the client names no number, and the most it can name. */
const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/**
 * Accepts the one query that the emulator answers. The text is searched, not matched: one CLI sends a
 * Python dictionary as the query's text.
 *
 * @throws {Refusal} `bad-request` for any other query
 */
export function requireSelectAll(body: Uint8Array): void {
  const { query } = readBody(QuerySpecification, body, "a query");
  if (/select\s+\*/i.test(query) && !/\b(where|order\s+by|group\s+by|top)\b/i.test(query)) return;
  throw new Refusal("bad-request", 'The emulator answers no query but "SELECT *".');
}

/** One page of the entries under `prefix`; `x-ms-continuation` is there only when more follow. */
export function pageOf(input: {
  store: Reader;
  prefix: string;
  headers: ServiceRequest["headers"];
  itemType: "EnrollmentGroup" | "DeviceRegistration";
  answer: (value: unknown) => unknown;
}): ServiceResponse {
  const { store, prefix, headers, itemType, answer } = input;
  const size = pageSize(headers["x-ms-max-item-count"]);
  const after = readContinuation(headers["x-ms-continuation"], prefix);
  const found = store.list(prefix, { after, limit: size + 1 });
  const last = found.length > size ? found[size - 1] : undefined;
  return {
    status: 200,
    headers: {
      "x-ms-item-type": itemType,
      "X-Content-Type-Options": "nosniff",
      ...(last ? { "x-ms-continuation": continuation(last.key) } : {}),
    },
    body: found.slice(0, size).map(({ value }) => answer(value)),
  };
}

function pageSize(header: string | undefined): number {
  if (header === undefined) return DEFAULT_PAGE_SIZE;
  const size = /^\d{1,9}$/.test(header) ? Number(header) : 0;
  if (size < 1) throw new Refusal("bad-request", "x-ms-max-item-count is not a positive number.");
  return Math.min(size, MAX_PAGE_SIZE);
}

const continuation = (after: string) =>
  Buffer.from(JSON.stringify([{ token: after }])).toString("base64");

function readContinuation(header: string | undefined, prefix: string): string | undefined {
  if (header === undefined || header === "") return undefined;
  const after = tokenOf(header);
  if (typeof after === "string" && after.startsWith(prefix)) return after;
  throw new Refusal("continuation-refused");
}

function tokenOf(header: string): unknown {
  try {
    const [part] = JSON.parse(Buffer.from(header, "base64").toString("utf8")) as [
      { token: unknown },
    ];
    return part.token;
  } catch {
    return undefined;
  }
}
