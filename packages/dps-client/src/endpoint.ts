import { BlockList, isIP } from "node:net";
import { DpsClientError } from "./errors.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether a host, as a URL names it, is this computer itself. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const family = isIP(host);
  if (family === 0) return host === "localhost" || host.endsWith(".localhost");
  return LOOPBACK.check(host, family === 4 ? "ipv4" : "ipv6");
}

/**
 * Reads an endpoint: an https URL of a host, with a port where it is not 443, and nothing else.
 *
 * @throws {DpsClientError} `invalid-argument`; the text is not quoted, for it may hold a password
 */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") {
    throw new DpsClientError("invalid-argument", "the endpoint is not an https URL");
  }
  if (url.username || url.password || url.pathname !== "/" || url.search || url.hash) {
    throw new DpsClientError("invalid-argument", "the endpoint has more than a host and a port");
  }
  return url;
}

/**
 * One segment of a path.
 *
 * @throws {DpsClientError} `invalid-argument` for what would change the path instead of naming
 *   something in it
 */
export function pathSegment(value: string, what: string): string {
  if (/^\.{0,2}$|\p{Surrogate}/u.test(value)) {
    throw new DpsClientError("invalid-argument", `${what} cannot be ${JSON.stringify(value)}`);
  }
  return encodeURIComponent(value);
}
