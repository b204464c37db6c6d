import type { Dispatcher } from "undici";
import { DpsClientError } from "./errors.ts";
import type { TransportRequest } from "./transport.ts";
import { USER_AGENT } from "./version.ts";

export interface Target {
  endpoint: URL;
  apiVersion: string;
  /** The whole header. */
  userAgent: string;
}

/**
 * The User-Agent header (RFC 9110 §10.1.5).
 *
 * @param own what the caller wants to be known by, e.g. "my-tool/1.0"
 * @throws {DpsClientError} `invalid-argument` for what is not printable ASCII
 */
export function userAgent(own: string | undefined): string {
  if (own === undefined || own === "") return USER_AGENT;
  if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(own)) {
    throw new DpsClientError("invalid-argument", "userAgent is words of printable ASCII");
  }
  return `${USER_AGENT} ${own}`;
}

export function encodeRequest(
  target: Target,
  request: TransportRequest,
  authorization: string | undefined,
): Dispatcher.RequestOptions {
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const version = encodeURIComponent(request.apiVersion ?? target.apiVersion);
  const headers = {
    accept: "application/json",
    // Without it a compressed answer would be fair (RFC 9110 §12.5.3).
    "accept-encoding": "identity",
    "user-agent": target.userAgent,
    authorization,
    "content-type": body === null ? undefined : "application/json; charset=utf-8",
    ...request.headers,
  };
  return {
    origin: target.endpoint.origin,
    path: `${request.path}?${request.query ?? `api-version=${version}`}`,
    method: request.method,
    headers,
    body,
  };
}
