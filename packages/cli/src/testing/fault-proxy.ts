import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as send } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { exportPrivateKeyPem, type Issuer } from "@dps-certs/ca-tools";
import type { Emulator } from "@dps-certs/dps-emulator";
import { odd } from "./issuing.ts";

/** What can happen to a request on its way, and to its answer on the way back. */
export const FAULTS = [
  /** The connection breaks before the service gets the request. */
  "request lost",
  /** The connection breaks, and the request gets through behind the one that comes next. */
  "request late",
  /** The service acts, and the connection breaks before its answer. */
  "answer lost",
  /** The answer breaks off, short of the length that it told. */
  "answer cut",
  /** The answer ends politely after half of its chunks. */
  "chunks cut",
  /** The answer ends politely at half, and told no length. */
  "answer ended",
  /** The same answer comes twice. */
  "answer twice",
  /** The answer comes when nobody waits for it any more. */
  "answer late",
  /** Somebody on the way sends the request twice; the second answer comes back. */
  "request twice",
] as const;
export type Fault = (typeof FAULTS)[number];

/** A TLS client certificate, which the proxy shows on behalf of a device. */
export interface DeviceIdentity {
  cert: string;
  key: string;
}

export interface FaultProxy {
  url: string;
  /** PEM, to be trusted in place of the emulator's. */
  caPem: string;
  /** Method and path of every request that came. */
  requests: string[];
  close: () => Promise<void>;
}

export interface FaultProxyOptions {
  emulator: Pick<Emulator, "caPem" | "url">;
  /** @param index - of the request, from 0 */
  faultAt: (request: string, index: number) => Fault | undefined;
  /** What a device shows, by the common name of its certificate. */
  identityOf?: (commonName: string) => DeviceIdentity;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

let identity: Issuer | undefined;
/** One for all proxies: self-signed, and trusted as it is. */
const ownIdentity = (): Issuer => {
  identity ??= odd({ subject: "/CN=localhost", lines: ["subjectAltName=DNS:localhost"] });
  return identity;
};

async function readAll(source: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const written = (answer: Answer, extra: Record<string, string>): string => {
  const { "transfer-encoding": _, "content-length": _1, ...headers } = answer.headers;
  const lines = Object.entries({ ...headers, ...extra }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${answer.status} -`, ...lines, "", ""].join("\r\n");
};

/** The bytes of an answer, with its length told. */
function withLength(answer: Answer): Buffer {
  const length = answer.status === 204 ? {} : { "content-length": String(answer.body.length) };
  return Buffer.concat([Buffer.from(written(answer, length)), answer.body]);
}

/** The first half of an answer as a chunk of its own: what is missing is another, and the last. */
function halfChunked({ body, ...answer }: Answer): Buffer {
  const half = body.subarray(0, Math.ceil(body.length / 2));
  const head = written({ body, ...answer }, { "transfer-encoding": "chunked" });
  const size = Buffer.from(`${head}${half.length.toString(16)}\r\n`);
  return Buffer.concat([size, half, Buffer.from("\r\n")]);
}

/** The first half of an answer whose end is the connection's (RFC 9112 §6.3). */
function halfUntilClosed({ body, ...answer }: Answer): Buffer {
  const head = written({ body, ...answer }, { connection: "close" });
  return Buffer.concat([Buffer.from(head), body.subarray(0, Math.ceil(body.length / 2))]);
}

/** What becomes of an answer on its way back; undefined passes it on. */
type Spoil = (socket: TLSSocket, answer: Answer) => unknown;

const cut: Spoil = (socket, answer) => {
  const bytes = withLength(answer);
  // What has no body is cut within its head.
  const length = bytes.length - Math.max(1, answer.body.length >> 1);
  socket.write(bytes.subarray(0, length), () => socket.destroy());
};

const SPOIL: Readonly<Partial<Record<Fault, Spoil>>> = {
  "answer lost": (socket) => socket.destroy(),
  "answer cut": cut,
  "chunks cut": (socket, answer) =>
    answer.body.length > 0 ? socket.end(halfChunked(answer)) : cut(socket, answer),
  "answer ended": (socket, answer) =>
    answer.body.length > 0 ? socket.end(halfUntilClosed(answer)) : cut(socket, answer),
  "answer twice": (socket, answer) => {
    const bytes = withLength(answer);
    return socket.write(Buffer.concat([bytes, bytes]));
  },
  "answer late": (socket) => once(socket, "close"),
};

/** Breaks what is between client and service, at the requests that `faultAt` says. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { emulator, faultAt, identityOf } = options;
  const { certificate, privateKey } = ownIdentity();
  const requests: string[] = [];
  const agents = new Map<string, Agent>();
  const late: (() => Promise<Answer>)[] = [];

  const agentFor = (socket: TLSSocket): Agent => {
    const commonName = [socket.getPeerCertificate()?.subject?.CN].flat()[0] ?? "";
    const known = agents.get(commonName);
    if (known !== undefined) return known;
    const device = commonName === "" ? {} : identityOf?.(commonName);
    const agent = new Agent({ ca: emulator.caPem, keepAlive: true, ...device });
    agents.set(commonName, agent);
    return agent;
  };

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<Answer> => {
    const { method = "", url = "", headers } = incoming;
    const { host } = new URL(emulator.url);
    const agent = agentFor(incoming.socket as TLSSocket);
    const outgoing = send(`${emulator.url}${url}`, {
      method,
      agent,
      headers: { ...headers, host },
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    const { statusCode: status = 0 } = answer;
    return { status, headers: answer.headers, body: await readAll(answer) };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const socket = incoming.socket as TLSSocket;
    const request = `${incoming.method} ${incoming.url?.split("?")[0]}`;
    const fault = faultAt(request, requests.length);
    requests.push(request);
    const body = await readAll(incoming);
    if (fault === "request late") late.push(() => forward(incoming, body));
    if (fault === "request lost" || fault === "request late") {
      socket.destroy();
      return;
    }
    const first = await forward(incoming, body);
    for (const send of late.splice(0)) await send();
    const answer = fault === "request twice" ? await forward(incoming, body) : first;
    const spoil = fault && SPOIL[fault];
    if (spoil !== undefined) await spoil(socket, answer);
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  };

  const server = createServer(
    {
      cert: certificate.pem,
      key: exportPrivateKeyPem(privateKey),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (incoming, response) => {
      // The client went away.
      handle(incoming, response).catch(() => incoming.socket.destroy());
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    caPem: certificate.pem,
    requests,
    close: async () => {
      for (const agent of agents.values()) agent.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
