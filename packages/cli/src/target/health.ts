import { request } from "node:https";
import * as v from "valibot";
import { CliError } from "../errors.ts";

const Health = v.looseObject({
  nonce: v.string(),
  idScope: v.string(),
  subscriptionId: v.string(),
  resourceGroup: v.string(),
  dpsName: v.string(),
  hostName: v.string(),
});
export interface Health {
  nonce: string;
  idScope: string;
  subscriptionId: string;
  resourceGroup: string;
  dpsName: string;
  hostName: string;
}

const TIMEOUT_MS = 3000;
const MAX_BYTES = 64 * 1024;

/** Asks an emulator which state it serves. */
export async function fetchHealth(url: string, ca: string): Promise<Health> {
  const { status, body } = await call("GET", new URL("/health", url), ca);
  if (status !== 200) throw new CliError("target", `${url} answers ${status} to a health call`);
  return v.parse(Health, JSON.parse(body));
}

/** Asks an emulator to stop. */
export async function requestStop(url: string, ca: string, armToken: string): Promise<void> {
  const { status } = await call("POST", new URL("/emulator/stop", url), ca, {
    headers: { authorization: `Bearer ${armToken}` },
  });
  if (status >= 300)
    throw new CliError("target", `${url} answers ${status} to the request to stop`);
}

/** One request, on a connection of its own: these calls come before there is a client. */
export function call(
  method: string,
  url: URL,
  ca: string,
  { headers = {}, body: sent }: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, ca, headers, agent: false, timeout: TIMEOUT_MS, rejectUnauthorized: true },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > MAX_BYTES) outgoing.destroy(new Error("the answer is too large"));
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on("error", reject);
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.end(sent);
  });
}
