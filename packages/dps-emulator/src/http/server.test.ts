import { once } from "node:events";
import type { Server } from "node:https";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeWorld } from "../testing/world.ts";
import { ensureTlsIdentity } from "../tls-identity.ts";
import { createHttpsServer } from "./server.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handshakeMs?: number) {
  const { context } = makeWorld();
  const identity = await ensureTlsIdentity(context.store, new Date());
  const onError = vi.fn();
  const server = createHttpsServer({ context, identity, onError, handshakeMs });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const overTls = async () => {
    const socket = connectTls({
      socket: connectTcp({ host: "127.0.0.1", port, allowHalfOpen: true }),
      ca: identity.caPem,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    return socket;
  };
  return { server, port, onError, overTls };
}

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

async function answerOf(text: string, { overTls }: Awaited<ReturnType<typeof serve>>) {
  const socket = await overTls();
  socket.end(text);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe("the HTTPS server", () => {
  it.each([
    ["says nothing", ""],
    ["stops in the middle of its first record", "\x16\x03\x01\x00\xc8\x01"],
  ])("lets go of a client that %s", async (_, bytes) => {
    const { server, port } = await serve(50);
    const socket = connectTcp(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(bytes, "latin1");
    await once(server, "tlsClientError");
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(0));
  });

  it("lets go of a client that speaks no HTTP, even if it does not hang up", async () => {
    const { server, overTls } = await serve();
    const socket = await overTls();
    socket.write("no HTTP\r\n\r\n");
    const [first] = await once(socket, "data");
    expect(String(first)).toMatch(/^HTTP\/1\.1 400 /);
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(0));
    socket.destroy();
  });

  it("takes a request's target in absolute form (RFC 9112 §3.2.2)", async () => {
    const served = await serve();
    const rest = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const answer = await answerOf(`GET https://localhost:1/health?a=b ${rest}`, served);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await answerOf(`GET https://localhost?a=/health ${rest}`, served)).toMatch(/ 404 /);
    const refused = await answerOf(`GET HTTPS://localhost/subscriptions ${rest}`, served);
    expect(refused).toMatch(/^HTTP\/1\.1 401 (?:.*\r\n)+WWW-Authenticate: Bearer\r\n/);
  });

  it("does not report a client that breaks off its request", async () => {
    const { server, onError, overTls } = await serve();
    const socket = await overTls();
    const received = once(server, "request");
    socket.write("PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
    const [incoming] = await received;
    socket.destroy();
    await new Promise((resolve) => incoming.once("close", resolve));
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(0));
    expect(onError).not.toHaveBeenCalled();
  });
});
