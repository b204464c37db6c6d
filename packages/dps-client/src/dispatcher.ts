import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { isLoopback } from "./endpoint.ts";
import { DpsClientError } from "./errors.ts";
import type { TlsOptions } from "./tls-options.ts";

/** Milliseconds before the server closes a device's connection that the client does. */
const POLL_MARGIN_MS = 500;

/**
 * The connections of one client: kept alive, one request at a time on each. The computer itself is
 * never reached through a proxy; other hosts obey HTTPS_PROXY and NO_PROXY.
 *
 * @param connectTimeoutMs milliseconds
 * @param connections how many are opened at most
 * @throws {DpsClientError} `invalid-argument` if the environment's proxy is no URL
 */
export function createDispatcher(
  endpoint: URL,
  tls: TlsOptions,
  connectTimeoutMs: number,
  connections: number,
): Dispatcher {
  const connect = {
    ...tls,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: a token goes to the service, and to nobody else.
    rejectUnauthorized: true,
    timeout: connectTimeoutMs,
    // A resumed session shows the server the leaf without its chain.
    ...(tls.cert === undefined ? {} : { maxCachedSessions: 0 }),
  };
  const options = {
    connect,
    connections,
    pipelining: 1,
    // A device polls three seconds after it registered. By its own margin of two undici would close by
    // then what a server keeps for five, and pay for another handshake.
    ...(tls.cert === undefined ? {} : { keepAliveTimeoutThreshold: POLL_MARGIN_MS }),
    // The transport times each attempt itself.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (isLoopback(endpoint.hostname)) return new Agent(options);
  // Behind a tunnel `connect` is not looked at: the certificate belongs in requestTls, and must not
  // be shown to the proxy.
  const proxyTls = { timeout: connectTimeoutMs, rejectUnauthorized: true };
  const proxied = { ...options, requestTls: connect, proxyTls };
  const dispatcher = orUndefined(() => new EnvHttpProxyAgent(proxied));
  if (dispatcher === undefined) {
    throw new DpsClientError("invalid-argument", "HTTPS_PROXY or HTTP_PROXY is not a proxy's URL");
  }
  return dispatcher;
}

/** Drops the cause, which quotes the proxy's address, and that may hold a password. */
function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
