import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "./world.ts";

export interface WebhookRequest {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: Json;
}

export interface TestWebhook {
  port: number;
  /** With a key in its query, as a function's has it. */
  url: string;
  requests: WebhookRequest[];
  /** What to do with the next requests. */
  answer: (response: ServerResponse, request: WebhookRequest) => unknown;
  /** Answers JSON from now on. */
  say(body: unknown): void;
  close(): Promise<void>;
}

/** A webhook on 127.0.0.1. */
export async function startWebhook(): Promise<TestWebhook> {
  const server = createServer((incoming, outgoing) => {
    let text = "";
    incoming.on("data", (chunk) => {
      text += String(chunk);
    });
    incoming.on("end", () => {
      const { method, url, headers } = incoming;
      const request = { method, url, headers, body: text === "" ? undefined : JSON.parse(text) };
      webhook.requests.push(request);
      webhook.answer(outgoing, request);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const webhook: TestWebhook = {
    port,
    url: `http://127.0.0.1:${port}/api/allocate?code=s3cret`,
    requests: [],
    answer: (response) => response.end("{}"),
    say: (body) => {
      webhook.answer = (response) => response.end(JSON.stringify(body));
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return webhook;
}
