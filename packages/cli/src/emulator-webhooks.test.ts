import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { parseConnectionString } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import type { EmulatorAccess } from "./target/access.ts";
import { createBench } from "./testing/bench.ts";

const KEY = Buffer.alloc(32, 4).toString("base64");
/** Not loopback by its address; nobody listens there. */
const WEBHOOK = { webhookUrl: "https://0.0.0.0:1/allocate", apiVersion: "2021-10-01" };

function sas(sr: string, key: string, skn: string): string {
  const se = Math.floor(Date.now() / 1000) + 60;
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`);
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig.digest("base64"))}&se=${se}&skn=${skn}`;
}

/** Serves with these arguments in this process while `work` talks to it. */
async function serving<T>(flags: string, work: (access: EmulatorAccess, ask: Ask) => Promise<T>) {
  let stdout: (text: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => {
    stdout = resolve;
  });
  const ended = createBench().run(`emulator start --in-memory --retry-after 0 --json ${flags}`, {
    stdout: (text) => stdout(text),
  });
  const access = JSON.parse(await line) as EmulatorAccess;
  const ca = readFileSync(access.caFile);
  const ask: Ask = async (method, path, authorization, body) => {
    const outgoing = request(`${access.url}${path}`, { method, ca, headers: { authorization } });
    outgoing.end(JSON.stringify(body));
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of incoming) text += String(chunk);
    return text === "" ? undefined : JSON.parse(text);
  };
  const result = await work(access, ask);
  await ask("POST", "/emulator/stop", `Bearer ${access.armToken}`);
  expect((await ended).status).toBe(0);
  return result;
}

// biome-ignore lint/suspicious/noExplicitAny: the test reads what it knows to be there
type Ask = (method: string, path: string, authorization: string, body?: object) => Promise<any>;

async function whyAllocationFails(access: EmulatorAccess, ask: Ask): Promise<string> {
  const policy = parseConnectionString(access.connectionString);
  const host = encodeURIComponent(policy.hostName);
  await ask(
    "PUT",
    "/enrollments/dev-1",
    sas(host, policy.sharedAccessKey, policy.sharedAccessKeyName),
    {
      registrationId: "dev-1",
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
      allocationPolicy: "custom",
      customAllocationDefinition: WEBHOOK,
    },
  );
  const path = `/${access.idScope}/registrations/dev-1`;
  const token = sas(path.slice(1), KEY, "registration");
  const { operationId } = await ask("PUT", `${path}/register`, token, {});
  const { registrationState } = await ask("GET", `${path}/operations/${operationId}`, token);
  return registrationState.errorMessage;
}

describe("emulator start", () => {
  it("calls no webhook elsewhere, unless --allow-webhooks says so", async () => {
    expect(await serving("", whyAllocationFails)).toContain("on loopback only");
    const allowed = await serving("--allow-webhooks", whyAllocationFails);
    expect(allowed).toContain("the webhook cannot be reached");
  });
});
