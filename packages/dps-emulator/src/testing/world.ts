import { createHmac, randomBytes } from "node:crypto";
import { servicePath } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import type { Peer } from "../device/peer.ts";
import { answer } from "../http/answer.ts";
import { mintManagementToken } from "../management/bearer.ts";
import { ensureService, hostNameOf, type ProvisioningService } from "../provisioning-service.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { type Certified, type Identity, issue, uploadable } from "./pki.ts";

/** What a test reads of an answer; members it does not ask for are not looked at. */
// biome-ignore lint/suspicious/noExplicitAny: tests read bodies of every plane through it
export type Json = any;

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Json;
}

export interface Send {
  body?: unknown;
  headers?: Record<string, string>;
  peer?: Peer | undefined;
}

/** One service with a clock that stands still until it is moved; no socket, no file. */
export interface World {
  context: Context;
  service: ProvisioningService;
  errors: unknown[];
  at(time: Date | string): void;
  forward(seconds: number): void;
  send(method: string, path: string, options?: Send): Promise<Answer>;
  /** A certificate operation: `path` goes behind `/certificates`. */
  certificates(method: string, path: string, options?: Send): Promise<Answer>;
  /** A request of the service data plane, signed. */
  data(method: string, path: string, options?: Send): Promise<Answer>;
  register(id: string, peer: Peer | undefined, options?: Send): Promise<Answer>;
  poll(id: string, operationId: string, peer: Peer | undefined): Promise<Answer>;
  /** Registers, waits and polls: the final answer, or the refusal. */
  enroll(id: string, peer: Peer | undefined): Promise<Answer>;
  upload(name: string, ca: Certified, options?: { verified?: boolean }): Promise<Answer>;
  prove(name: string, ca: Identity): Promise<Answer>;
  group(id: string, ca: Certified, members?: object): Promise<Answer>;
}

export const PORT = 9443;

export function makeWorld(
  options: { start?: Date; retryAfterSeconds?: number; store?: Context["store"] } = {},
): World {
  const { start = new Date(), retryAfterSeconds = 3, store = openMemoryStore() } = options;
  let time = start;
  const context: Context = { store, now: () => time, randomBytes, settings: { retryAfterSeconds } };
  const service = ensureService(store, randomBytes);
  const errors: unknown[] = [];
  const send = async (method: string, target: string, { body, headers, peer }: Send = {}) => {
    const [path = "", query] = target.split("?");
    const bytes = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    const response = await answer(
      context,
      {
        method,
        path,
        query: new URLSearchParams(query),
        headers: { host: `localhost:${PORT}`, ...headers },
        body: Buffer.from(bytes),
        localPort: PORT,
        peer,
      },
      (error) => errors.push(error),
    );
    const json =
      response.body === undefined ? undefined : JSON.parse(JSON.stringify(response.body));
    return { status: response.status, headers: { ...response.headers }, body: json };
  };
  const certificates = async (method: string, path: string, sent: Send = {}) => {
    const authorization = `Bearer ${await mintManagementToken(service, time)}`;
    const version = path.includes("?") ? "" : "?api-version=2022-12-12";
    return await send(method, `${servicePath(service)}/certificates${path}${version}`, {
      ...sent,
      headers: { authorization, ...sent.headers },
    });
  };
  const data = (method: string, path: string, sent: Send = {}) => {
    const authorization = sasToken(service, { expiresAt: new Date(time.getTime() + 60_000) });
    return send(method, `${path}?api-version=2021-10-01`, {
      ...sent,
      headers: { authorization, ...sent.headers },
    });
  };
  const registrations = `/${service.idScope}/registrations`;
  const world: World = {
    context,
    service,
    errors,
    at: (to) => {
      time = new Date(to);
    },
    forward: (seconds) => {
      time = new Date(time.getTime() + seconds * 1000);
    },
    send,
    certificates,
    data,
    register: (id, peer, sent) =>
      send("PUT", `${registrations}/${id}/register?api-version=2021-06-01`, {
        body: { registrationId: id },
        peer,
        ...sent,
      }),
    poll: (id, operation, peer) =>
      send("GET", `${registrations}/${id}/operations/${operation}?api-version=2021-06-01`, {
        peer,
      }),
    enroll: async (id, peer) => {
      const started = await world.register(id, peer);
      if (started.status !== 202) return started;
      world.forward(retryAfterSeconds);
      return await world.poll(id, started.body.operationId, peer);
    },
    upload: (name, ca, { verified = false } = {}) =>
      certificates("PUT", `/${name}`, {
        body: { properties: { certificate: uploadable(ca), isVerified: verified } },
      }),
    prove: async (name, ca) => {
      const code = await certificates("POST", `/${name}/generateVerificationCode`, {
        headers: { "if-match": "*" },
      });
      const proof = await issue("verification", code.body.properties.verificationCode, ca, {
        now: time,
      });
      return await certificates("POST", `/${name}/verify`, {
        headers: { "if-match": code.body.etag },
        body: { certificate: uploadable(proof) },
      });
    },
    group: (id, ca, members = {}) =>
      data("PUT", `/enrollmentGroups/${encodeURIComponent(id)}`, {
        body: { enrollmentGroupId: id, ...x509Attestation(ca), ...members },
      }),
  };
  return world;
}

export function x509Attestation(
  primary: Certified,
  secondary?: Certified,
): { attestation: object } {
  return {
    attestation: {
      type: "x509",
      x509: {
        signingCertificates: {
          primary: { certificate: uploadable(primary) },
          ...(secondary ? { secondary: { certificate: uploadable(secondary) } } : {}),
        },
      },
    },
  };
}

/** A SAS token, signed here and not by the code under test. */
export function sasToken(
  service: ProvisioningService,
  options: { resource?: string; key?: string; expiresAt: Date; policy?: string },
): string {
  const {
    resource = encodeURIComponent(hostNameOf(service)),
    key = service.policies[0]?.primaryKey ?? "",
    policy = "provisioningserviceowner",
  } = options;
  const expiry = Math.floor(options.expiresAt.getTime() / 1000);
  const signature = createHmac("sha256", Buffer.from(key, "base64"))
    .update(`${resource}\n${expiry}`)
    .digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${policy}`;
}
