import type { Context } from "../context.ts";
import { wholeSeconds } from "../time.ts";
import type { ServiceRequest } from "./message.ts";

/** Headers of every answer of the management plane, as Azure Resource Manager sends them. */
export function managementHeaders(context: Context, trackingId: string): Record<string, string> {
  const time = wholeSeconds(context.now()).replaceAll(/[-:]/g, "");
  return {
    "Cache-Control": "no-cache",
    Pragma: "no-cache",
    Expires: "-1",
    "X-Content-Type-Options": "nosniff",
    "x-ms-request-id": trackingId,
    "x-ms-correlation-request-id": trackingId,
    "x-ms-routing-request-id": `WESTUS:${time}:${trackingId}`,
  };
}

const REMAINING: Readonly<Record<string, readonly [kind: string, count: number]>> = {
  GET: ["reads", 11999],
  DELETE: ["deletes", 14999],
  PATCH: ["writes", 1199],
  // listkeys too counts as a write.
  POST: ["writes", 1199],
  PUT: ["writes", 1199],
};

/** What is left of a subscription's rate: always all but this request, since nothing is throttled. */
export function rateHeaders({
  method,
  path,
}: Pick<ServiceRequest, "method" | "path">): Record<string, string> {
  const remaining = REMAINING[method];
  if (remaining === undefined || !/^\/subscriptions(\/|$)/i.test(path)) return {};
  const [kind, count] = remaining;
  return { [`x-ms-ratelimit-remaining-subscription-${kind}`]: `${count}` };
}
