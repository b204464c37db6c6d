import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Pair } from "./openssl-pki.ts";

export interface TlsServer {
  port: number;
  url: string;
  close: () => Promise<void>;
}

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** An HTTPS server on 127.0.0.1 that asks for a client certificate and leaves the judging to `handle`. */
export async function tlsServer(
  { certPem, keyPem }: Pair,
  handle: RequestListener<typeof IncomingMessage, typeof ServerResponse>,
): Promise<TlsServer> {
  const options = { cert: certPem, key: keyPem, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://localhost:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
