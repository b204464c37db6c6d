import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Server as NetServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { EnrollmentClient } from "./enrollments/enrollment-client.ts";
import type { TransportOptions } from "./options.ts";
import { RegistrationClient } from "./registration-client.ts";
import { type OpensslPki, opensslPki, type Pair } from "./testing/openssl-pki.ts";
import { TEST_KEY } from "./testing/sas-vectors.ts";
import { answerJson, type TlsServer, tlsServer } from "./testing/tls-server.ts";

const SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0.0.0.0,DNS:dps.test";
const CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
const STATE = { registrationId: "dev-1", assignedHub: "h", deviceId: "dev-1", status: "assigned" };

let pki: OpensslPki;
let serverPair: Pair;
let expiredPair: Pair;
let otherNamePair: Pair;
let device: Pair;
let intermediate: Pair;
let server: TlsServer;
let peers: string[][];
let closing: (() => Promise<void>)[];

function chainOf(socket: TLSSocket): string[] {
  const names: string[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.subject && !names.includes(String(certificate.subject.CN))) {
    names.push(String(certificate.subject.CN));
    certificate = certificate.issuerCertificate;
  }
  return names;
}

beforeAll(async () => {
  pki = opensslPki();
  serverPair = pki.issue("server", { extensions: SAN });
  expiredPair = pki.issue("expired", { extensions: SAN, days: -1 });
  otherNamePair = pki.issue("stranger", { extensions: "subjectAltName=DNS:elsewhere.test" });
  intermediate = pki.issue("intermediate", { extensions: CA });
  device = pki.issue("dev-1", { issuer: "intermediate" });
  server = await tlsServer(serverPair, (request, response) => {
    peers.push(chainOf(request.socket as TLSSocket));
    answerJson(response, { operationId: "1", status: "assigned", registrationState: STATE });
  });
});
afterAll(async () => {
  await server.close();
  pki.remove();
});
beforeEach(() => {
  peers = [];
  closing = [];
  for (const name of ["https_proxy", "http_proxy", "no_proxy", "HTTP_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("HTTPS_PROXY", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  // Clients first: a proxy closes when its last tunnel does.
  for (const close of closing.reverse()) await close();
});

function enrollments(endpoint: string, options: TransportOptions = {}): EnrollmentClient {
  const client = new EnrollmentClient({
    endpoint,
    credential: { keyName: "owner", key: TEST_KEY },
    ca: pki.root.certPem,
    retry: { attempts: 1 },
    ...options,
  });
  closing.push(() => client.close());
  return client;
}

function registrations(endpoint: string): RegistrationClient {
  const client = new RegistrationClient({
    endpoint,
    idScope: "0ne00000012",
    certificate: { chainPem: device.certPem + intermediate.certPem, keyPem: device.keyPem },
    ca: pki.root.certPem,
    retry: { attempts: 1 },
  });
  closing.push(() => client.close());
  return client;
}

async function listening<S extends NetServer | Server>(started: S): Promise<number> {
  started.listen(0, "127.0.0.1");
  await once(started, "listening");
  closing.push(async () => {
    started.close();
    if ("closeAllConnections" in started) started.closeAllConnections();
    await once(started, "close");
  });
  return (started.address() as AddressInfo).port;
}

/** A proxy that tunnels every host to our server, and says which were asked for. */
async function proxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const http = createHttpServer();
  http.on("connect", (request, client) => {
    asked.push(request.url ?? "");
    const upstream = connect(server.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(http)}`, asked };
}

describe("the client certificate", () => {
  it("is shown with its chain, on every connection", async () => {
    for (const id of ["dev-1", "dev-1"]) {
      const client = registrations(server.url);
      expect(await client.register(id)).toMatchObject({ assignedHub: "h" });
      await client.close();
    }
    expect(peers).toEqual([
      ["dev-1", "intermediate"],
      ["dev-1", "intermediate"],
    ]);
  });

  it("is not resumed away when a client connects anew", async () => {
    const closer = await tlsServer(serverPair, (request, response) => {
      peers.push(chainOf(request.socket as TLSSocket));
      response.setHeader("connection", "close");
      answerJson(response, { operationId: "1", status: "assigned", registrationState: STATE });
    });
    closing.push(closer.close);
    const client = registrations(closer.url);
    await client.register("dev-1");
    await client.register("dev-1");
    expect(peers).toEqual([
      ["dev-1", "intermediate"],
      ["dev-1", "intermediate"],
    ]);
  });

  it("goes through a proxy's tunnel to the service", async () => {
    const { url, asked } = await proxy();
    vi.stubEnv("HTTPS_PROXY", url);
    await registrations("https://dps.test").register("dev-1");
    expect(asked).toEqual(["dps.test:443"]);
    expect(peers).toEqual([["dev-1", "intermediate"]]);
  });
});

describe("a proxy", () => {
  it.each(["localhost", "127.0.0.1"])("is never asked for %s", async (host) => {
    const { url, asked } = await proxy();
    vi.stubEnv("HTTPS_PROXY", url);
    vi.stubEnv("https_proxy", url);
    await enrollments(`https://${host}:${server.port}`).registrations.get("dev-1");
    expect(asked).toEqual([]);
    expect(peers).toHaveLength(1);
  });

  it("is asked for another host, unless NO_PROXY names it", async () => {
    // An address that reaches this computer and is no loopback address.
    const endpoint = `https://0.0.0.0:${server.port}`;
    const { url, asked } = await proxy();
    vi.stubEnv("HTTPS_PROXY", url);
    await enrollments(endpoint).registrations.get("a");
    expect(asked).toEqual([`0.0.0.0:${server.port}`]);
    vi.stubEnv("NO_PROXY", "0.0.0.0");
    await enrollments(endpoint).registrations.get("a");
    expect(asked).toHaveLength(1);
  });

  it("that opens no tunnel is named as the cause", async () => {
    const http = createHttpServer();
    http.on("connect", (_request, client) => client.end("HTTP/1.1 407 No\r\n\r\n"));
    vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${await listening(http)}`);
    await expect(enrollments("https://dps.test").registrations.get("a")).rejects.toMatchObject({
      code: "network",
      hint: expect.stringContaining("HTTPS_PROXY"),
    });
  });

  it("that is not a URL is refused without quoting it", () => {
    vi.stubEnv("HTTPS_PROXY", "user:s3cret@proxy:nowhere");
    const make = () => enrollments("https://dps.test");
    expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(make).not.toThrow(/s3cret/);
  });
});

describe("TLS", () => {
  async function serving(pair: Pair): Promise<string> {
    const other = await tlsServer(pair, (_request, response) => answerJson(response, STATE));
    closing.push(other.close);
    return other.url;
  }

  it("trusts the given CA", async () => {
    expect(await enrollments(server.url).registrations.get("dev-1")).toBeDefined();
  });

  it("trusts nothing else: not a server of another CA", async () => {
    const stranger = opensslPki();
    closing.push(() => Promise.resolve(stranger.remove()));
    const client = enrollments(server.url, { ca: stranger.root.certPem });
    await expect(client.registrations.get("dev-1")).rejects.toMatchObject({
      code: "tls",
      hint: expect.stringContaining("CA file"),
    });
    expect(peers).toEqual([]);
  });

  it("does not trust a private CA that it was not given", async () => {
    const client = enrollments(server.url, { ca: undefined });
    await expect(client.registrations.get("dev-1")).rejects.toMatchObject({ code: "tls" });
  });

  it("goes on checking whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const client = enrollments(server.url, { ca: undefined });
    await expect(client.registrations.get("dev-1")).rejects.toMatchObject({ code: "tls" });
    expect(peers).toEqual([]);
  });

  it("refuses an expired server", async () => {
    const client = enrollments(await serving(expiredPair));
    await expect(client.registrations.get("dev-1")).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("CERT_HAS_EXPIRED"),
    });
  });

  it("refuses a server of another name", async () => {
    const client = enrollments(await serving(otherNamePair));
    await expect(client.registrations.get("dev-1")).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("another host"),
    });
  });

  it("says that nothing listens", async () => {
    const probe = createServer();
    const port = await listening(probe);
    const free = closing.pop();
    await free?.();
    const client = enrollments(`https://localhost:${port}`);
    await expect(client.registrations.get("a")).rejects.toMatchObject({
      code: "connection-refused",
      hint: expect.stringContaining("dps-certs emulator start"),
    });
  });
});

describe("a server that misbehaves", () => {
  it("by silence ends in a timeout", async () => {
    const silent = await tlsServer(serverPair, () => {});
    closing.push(silent.close);
    const client = enrollments(silent.url, { timeoutMs: 200 });
    await expect(client.registrations.get("a")).rejects.toMatchObject({
      code: "timeout",
      maybeApplied: true,
    });
  });

  it("by stopping in the middle ends in a timeout", async () => {
    const slow = await tlsServer(serverPair, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("{");
    });
    closing.push(slow.close);
    const client = enrollments(slow.url, { timeoutMs: 200 });
    await expect(client.registrations.get("a")).rejects.toMatchObject({ code: "timeout" });
  });

  it("by silence can be left by a signal", async () => {
    const controller = new AbortController();
    const silent = await tlsServer(serverPair, () => controller.abort());
    closing.push(silent.close);
    const client = enrollments(silent.url);
    await expect(
      client.registrations.get("a", { signal: controller.signal }),
    ).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("by an endless answer is cut off", async () => {
    let ended = false;
    const endless = await tlsServer(serverPair, async (_request, response) => {
      response.on("close", () => {
        ended = true;
      });
      response.writeHead(200, { "content-type": "application/json" });
      while (!ended) {
        response.write("x".repeat(65_536));
        await turn();
      }
    });
    closing.push(endless.close);
    await expect(enrollments(endless.url).registrations.get("a")).rejects.toMatchObject({
      code: "response-too-large",
    });
    await vi.waitFor(() => expect(ended).toBe(true));
  });

  it("by hanging up is asked again", async () => {
    let requests = 0;
    const flaky = await tlsServer(serverPair, (request, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else answerJson(response, STATE);
    });
    closing.push(flaky.close);
    const client = enrollments(flaky.url, { retry: { baseDelayMs: 1 } });
    expect(await client.registrations.get("a")).toEqual(STATE);
    expect(requests).toBe(2);
  });

  it.each([
    "content-length: 100",
    "content-length: 100\r\nconnection: close",
    "transfer-encoding: chunked",
    "transfer-encoding: chunked\r\nconnection: close",
    "connection: close",
  ])("by an answer cut short, with %j, is asked again", async (headers) => {
    let requests = 0;
    const cutting = await tlsServer(serverPair, (request, response) => {
      requests += 1;
      if (requests > 1) return answerJson(response, STATE);
      const body = headers.startsWith("transfer") ? '4\r\n{"a"\r\n' : '{"a"';
      request.socket.end(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`);
    });
    closing.push(cutting.close);
    const client = enrollments(cutting.url, { retry: { baseDelayMs: 1 } });
    expect(await client.registrations.get("a")).toEqual(STATE);
    expect(requests).toBe(2);
  });

  it("by answering twice confuses no later request", async () => {
    let requests = 0;
    const doubling = await tlsServer(serverPair, (request, response) => {
      const body = JSON.stringify({ ...STATE, registrationId: `r${++requests}` });
      const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      response.detachSocket(request.socket);
      request.socket.write(answer + answer);
    });
    closing.push(doubling.close);
    const client = enrollments(doubling.url);
    for (const registrationId of ["r1", "r2", "r3"]) {
      expect(await client.registrations.get("a")).toMatchObject({ registrationId });
    }
  });

  it("by speaking no HTTP is not asked again, nor quoted", async () => {
    const other = await tlsServer(serverPair, (request) => request.socket.end("220 s3cret\r\n"));
    closing.push(other.close);
    const error: unknown = await enrollments(other.url, { retry: { attempts: 3 } })
      .registrations.get("a")
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "protocol" });
    expect(inspect(error, { depth: 9 })).not.toContain("s3cret");
  });

  it("by speaking no TLS is a TLS error", async () => {
    const port = await listening(createServer((socket) => socket.resume().end("HELLO\r\n\r\n")));
    await expect(
      enrollments(`https://localhost:${port}`).registrations.get("a"),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(tls|network)$/) });
  });
});

it("opens no more connections than requests may be under way", async () => {
  const sockets = new Set<unknown>();
  const counting = await tlsServer(serverPair, (request, response) => {
    sockets.add(request.socket);
    answerJson(response, STATE);
  });
  closing.push(counting.close);
  const client = enrollments(counting.url, { concurrency: 3 });
  await Promise.all(Array.from({ length: 30 }, () => client.registrations.get("a")));
  expect(sockets.size).toBeLessThanOrEqual(3);
});

it("registers and polls on one connection", async () => {
  let requests = 0;
  const sockets = new Set<unknown>();
  const counting = await tlsServer(serverPair, (request, response) => {
    sockets.add(request.socket);
    response.setHeader("retry-after", "0");
    const done = ++requests === 3;
    answerJson(response, {
      operationId: "1",
      status: done ? "assigned" : "assigning",
      ...(done ? { registrationState: STATE } : {}),
    });
  });
  closing.push(counting.close);
  await registrations(counting.url).register("dev-1");
  expect(requests).toBe(3);
  expect(sockets.size).toBe(1);
});

it("can be closed by leaving its scope", async () => {
  const client = enrollments(server.url);
  await client[Symbol.asyncDispose]();
  await expect(client.registrations.get("a")).rejects.toMatchObject({ code: "closed" });
});
