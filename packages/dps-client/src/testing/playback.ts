import { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { opensslPki, type Pair } from "./openssl-pki.ts";
import { type TlsServer, tlsServer } from "./tls-server.ts";

/** One request that a service was seen to get, and what it answered. */
export interface Recorded {
  /** Method, path and query: `GET /enrollments/a?api-version=2021-10-01`. */
  request: string;
  /** Header as it must arrive. @default absent */
  ifMatch?: string;
  /** Header as it must arrive. @default absent */
  continuation?: string;
  /** JSON that must arrive; certificates are compared, not their text. @default no body */
  sends?: unknown;
  /** @default 200 */
  status?: number;
  /** Sent with their case as it stands here. */
  headers: Readonly<Record<string, string>>;
  /** JSON, or text as it is. @default none */
  body?: unknown;
}

export interface Playback {
  url: string;
  /** PEM, for `ca`. */
  ca: string;
  /** Plays a run: each of its requests must come, in order, and nothing else. */
  play: (run: readonly Recorded[]) => void;
  /** What came otherwise than recorded, and how many requests never came. */
  outcome: () => { differences: readonly unknown[]; missing: number };
  close: () => Promise<void>;
}

const sha256 = (text: string): string => {
  const isPem = text.includes("-----BEGIN");
  return new X509Certificate(isPem ? text : Buffer.from(text, "base64")).fingerprint256;
};

/** JSON with its certificates by their thumbprints: PEM and DER, and either end of line, are the same. */
const comparable = (text: string): unknown =>
  JSON.parse(text, (name, value: unknown) =>
    name === "certificate" && typeof value === "string" ? sha256(value) : value,
  );

const written = (body: unknown): string =>
  body === undefined || typeof body === "string" ? (body ?? "") : JSON.stringify(body);

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text;
}

/** What a recorded exchange says of a request, in the form in which two are compared. */
const expected = ({ request, ifMatch, continuation, sends }: Recorded) => ({
  request,
  ifMatch,
  continuation,
  sends: sends === undefined ? undefined : comparable(JSON.stringify(sends)),
});

async function arrived(request: IncomingMessage) {
  const text = await readText(request);
  return {
    request: `${request.method} ${request.url}`,
    ifMatch: request.headers["if-match"],
    continuation: [request.headers["x-ms-continuation"]].flat()[0],
    sends: text === "" ? undefined : comparable(text),
  };
}

/** The answer as the service sends it: in chunks, unless it has a length. */
function answer(response: ServerResponse, { status = 200, headers, body }: Recorded): void {
  response.writeHead(status, { ...headers });
  const text = written(body);
  const middle = Math.floor(text.length / 2);
  if (text !== "") response.write(text.slice(0, middle));
  response.end(text.slice(middle));
}

/** A service over HTTPS that answers what it was recorded to answer. */
export async function startPlayback(): Promise<Playback> {
  const pki = opensslPki();
  const identity: Pair = pki.issue("localhost", { extensions: "subjectAltName=DNS:localhost" });
  const { certPem: ca } = pki.root;
  pki.remove();
  let left: Recorded[] = [];
  let differences: unknown[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const recorded = left.shift();
    const came = await arrived(request);
    const wanted = recorded && expected(recorded);
    if (recorded === undefined || !isDeepStrictEqual(came, wanted)) {
      differences.push({ came, wanted });
      response.writeHead(418).end();
    } else answer(response, recorded);
  };
  const server: TlsServer = await tlsServer(identity, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      differences.push(error);
      response.destroy();
    });
  });
  return {
    url: server.url,
    ca,
    play: (run) => {
      left = [...run];
      differences = [];
    },
    outcome: () => ({ differences, missing: left.length }),
    close: server.close,
  };
}
