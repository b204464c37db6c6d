import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { Emulator } from "../start.ts";
import type { Json } from "./world.ts";

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  text: string;
  json: Json;
}

/** One HTTPS request to an emulator, with nothing of ours in between. */
export async function fetchFrom(
  emulator: Pick<Emulator, "caPem" | "url">,
  method: string,
  path: string,
  options: RequestOptions & { body?: string | Buffer } = {},
): Promise<HttpAnswer> {
  const { body, ...rest } = options;
  const outgoing = request(`${emulator.url}${path}`, { method, ca: emulator.caPem, ...rest });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  const { statusCode: status = 0, headers } = incoming;
  const isJson = headers["content-type"] === "application/json; charset=utf-8";
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}
