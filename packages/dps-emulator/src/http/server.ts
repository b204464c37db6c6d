import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { MAX_BODY_BYTES } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import { capturePeer, type Peer } from "../device/peer.ts";
import { Refusal } from "../problems.ts";
import type { TlsIdentity } from "../tls-identity.ts";
import { answer, type OnError, planeOf, refuse } from "./answer.ts";
import type { ServiceRequest, ServiceResponse } from "./message.ts";

const LIMITS_MS = { handshake: 20_000, headers: 20_000, request: 60_000, keepAlive: 5_000 };
/** How long `stop` waits for answers that are under way. */
const CLOSE_GRACE_MS = 5_000;

export interface ServerOptions {
  context: Context;
  identity: TlsIdentity;
  onError: OnError;
  /** Milliseconds for a TLS handshake. @default 20000 */
  handshakeMs?: number | undefined;
}

/** Puts HTTPS in front of the service's logic. The server does not listen yet. */
export function createHttpsServer(options: ServerOptions): Server {
  const { context, identity, onError, handshakeMs = LIMITS_MS.handshake } = options;
  const peers = new WeakMap<object, Peer | undefined>();
  const server = createServer({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    // Every certificate is let in and judged by the service's own rules, not by the handshake.
    requestCert: true,
    rejectUnauthorized: false,
    // No session is resumed: it would bring the leaf without its chain. Nor is one renegotiated,
    // which would bring another peer into a connection whose peer is known.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeMs,
    headersTimeout: LIMITS_MS.headers,
    requestTimeout: LIMITS_MS.request,
    keepAliveTimeout: LIMITS_MS.keepAlive,
  });
  server.on("secureConnection", (socket: TLSSocket) => peers.set(socket, capturePeer(socket)));
  // Node passes these on to "clientError", where an answer would wait for a handshake that never ends.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("clientError", (_error, socket: Socket) => {
    if (socket.writable) socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    // Without waiting for the client to hang up: it may never do so.
    socket.destroySoon();
  });
  server.on("request", (incoming, outgoing) => {
    const peer = peers.get(incoming.socket);
    respond(context, incoming, outgoing, peer, onError).catch((error: unknown) => {
      // The client is gone, or the answer cannot be written: there is nobody left to tell.
      outgoing.destroy();
      if (incoming.complete) onError(error, "");
    });
  });
  return server;
}

async function respond(
  context: Context,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  peer: Peer | undefined,
  onError: OnError,
): Promise<void> {
  const [path = "/", ...query] = originForm(incoming.url ?? "/").split("?");
  const body = await readBytes(incoming);
  if (body === undefined) {
    outgoing.setHeader("Connection", "close");
    return write(outgoing, refuse(context, planeOf(path), new Refusal("body-too-large"), onError));
  }
  const request: ServiceRequest = {
    method: incoming.method ?? "",
    path,
    query: new URLSearchParams(query.join("?")),
    headers: singleHeaders(incoming),
    body,
    localPort: incoming.socket.localPort ?? 0,
    peer,
  };
  write(outgoing, await answer(context, request, onError));
}

/** The target without scheme and authority, which a server must take and may overlook (RFC 9112 §3.2.2). */
function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function singleHeaders({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}

/** The body, also of a GET; undefined when it is larger than the service takes. */
async function readBytes(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Returning early must not destroy the socket that the refusal goes out on.
  const stream: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      incoming.resume();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function write(outgoing: ServerResponse, response: ServiceResponse): void {
  const { status, headers = {}, body, afterwards } = response;
  if (afterwards) outgoing.once("close", afterwards);
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.statusCode = status;
  if (body === undefined) {
    // "200, content-length 0, no content-type" is how a deleted certificate is answered.
    if (status !== 204) outgoing.setHeader("Content-Length", 0);
    outgoing.end();
    return;
  }
  outgoing.setHeader("Content-Type", "application/json; charset=utf-8");
  // In two steps, so that Node sends it chunked as the service does.
  outgoing.write(JSON.stringify(body));
  outgoing.end();
}

/**
 * Follows a server's connections so that it can be stopped.
 *
 * @returns ends the server: answers under way are finished, connections without one closed at once
 */
export function stopper(server: Server): () => Promise<void> {
  const sockets = new Map<string, Socket>();
  const busy = new Set<string>();
  let stopping = false;
  server.on("connection", (socket: Socket) => {
    const key = connectionKey(socket);
    sockets.set(key, socket);
    socket.once("close", () => sockets.delete(key));
  });
  server.on("request", (incoming, outgoing) => {
    const key = connectionKey(incoming.socket);
    busy.add(key);
    outgoing.once("close", () => {
      busy.delete(key);
      if (stopping) incoming.socket.end();
    });
  });
  return async () => {
    stopping = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const [key, socket] of sockets) if (!busy.has(key)) socket.destroy();
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    await closed;
    clearTimeout(timer);
  };
}

// The TLS socket of a request is another object than the connection's, with the same ends.
const connectionKey = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
