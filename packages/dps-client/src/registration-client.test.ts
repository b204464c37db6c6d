import { createHmac } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeviceAttestation } from "./device-attestation.ts";
import type { TransportOptions } from "./options.ts";
import { RegistrationClient } from "./registration-client.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { type OpensslPki, opensslPki, type Pair } from "./testing/openssl-pki.ts";
import { SAS_VECTORS, TEST_KEY } from "./testing/sas-vectors.ts";
import { scriptedService } from "./testing/scripted-service.ts";

const ENDPOINT = "https://global.azure-devices-provisioning.net";
const SCOPE = "0ne00000012";
let pki: OpensslPki;
let device: Pair;
let runtime: FakeRuntime;

beforeAll(() => {
  pki = opensslPki();
  device = pki.issue("dev-1");
});
afterAll(() => pki.remove());
beforeEach(() => {
  runtime = fakeRuntime();
});

const assigning = (retryAfter?: string) => ({
  status: 202,
  body: { operationId: "5.x/y", status: "assigning" },
  headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
});
const final = (status: string, registrationState: Record<string, unknown> = {}) => ({
  body: { operationId: "5.x/y", status, registrationState: { status, ...registrationState } },
});
const assigned = final("assigned", {
  assignedHub: "h.azure-devices.net",
  deviceId: "dev-1",
  x509: {},
});

function clientFor(
  steps: Parameters<typeof scriptedService>[1],
  attestation: DeviceAttestation = {
    certificate: { chainPem: device.certPem, keyPem: device.keyPem },
  },
  options: TransportOptions = {},
) {
  const service = scriptedService(ENDPOINT, steps);
  const client = new RegistrationClient({
    idScope: SCOPE,
    dispatcher: service.dispatcher,
    runtime,
    rate: { operations: 60, perMs: 60_000, burst: 1 },
    ...attestation,
    ...options,
  });
  return { ...service, client };
}

describe("register", () => {
  it("asks to register, polls the operation, and gives the final state", async () => {
    const { client, seen } = clientFor([assigning("3"), assigning("1"), assigned]);
    expect(await client.register("dev-1", { payload: { a: 1 } })).toEqual({
      status: "assigned",
      assignedHub: "h.azure-devices.net",
      deviceId: "dev-1",
      x509: {},
    });
    const path = `/${SCOPE}/registrations/dev-1`;
    expect(seen).toMatchObject([
      {
        method: "PUT",
        path: `${path}/register?api-version=2021-10-01`,
        body: { registrationId: "dev-1", payload: { a: 1 } },
      },
      { method: "GET", path: `${path}/operations/5.x%2Fy?api-version=2021-10-01`, body: undefined },
      { method: "GET" },
    ]);
  });

  it("waits exactly as told: seconds, none at all, a date, or two seconds if nothing is said", async () => {
    const date = new Date(runtime.now() + 3_000 + 2_000 + 5_000).toUTCString();
    const { client } = clientFor([
      assigning("3"),
      assigning("0"),
      assigning(),
      assigning(date),
      assigned,
    ]);
    await client.register("dev-1");
    expect(runtime.waits).toEqual([3_000, 2_000, 5_000]);
  });

  it("takes an answer that is final at once", async () => {
    const { client, seen } = clientFor([assigned]);
    await client.register("dev-1");
    expect(seen).toHaveLength(1);
  });

  it("ends at its time limit, without waiting for it", async () => {
    const { client } = clientFor([assigning("30"), assigning("30")]);
    await expect(client.register("dev-1")).rejects.toMatchObject({ code: "timeout" });
    expect(runtime.waits).toEqual([30_000]);
  });

  it("counts retries towards the time limit", async () => {
    const { client } = clientFor([{ status: 429, headers: { "retry-after": "10" } }]);
    await expect(client.register("dev-1", { timeout: 5_000 })).rejects.toMatchObject({
      code: "throttled",
    });
  });

  it("obeys a throttled poll and goes on", async () => {
    const { client } = clientFor([
      assigning("0"),
      { status: 429, headers: { "retry-after": "4" } },
      assigned,
    ]);
    await client.register("dev-1");
    expect(runtime.waits).toEqual([4_000]);
  });

  it("reports a disabled enrollment", async () => {
    const { client } = clientFor([assigning("0"), final("disabled")]);
    await expect(client.register("dev-1")).rejects.toMatchObject({
      code: "registration-disabled",
      hint: expect.stringContaining("group show"),
    });
  });

  it("reports a failed registration with the service's reason", async () => {
    const state = { errorCode: 400208, errorMessage: "no hub" };
    const { client } = clientFor([assigning("0"), final("failed", state)]);
    await expect(client.register("dev-1")).rejects.toMatchObject({
      code: "registration-failed",
      errorCode: 400208,
      serviceMessage: "no hub",
      hint: expect.stringContaining("linked IoT hub"),
    });
  });

  it("reports a refused certificate with what to do", async () => {
    const body = { errorCode: 401002, trackingId: "t", message: "CA certificate not found." };
    const { client } = clientFor([{ status: 401, body }]);
    await expect(client.register("dev-1")).rejects.toMatchObject({
      code: "unauthorized",
      errorCode: 401002,
      hint: expect.stringContaining("every intermediate"),
    });
  });

  it.each([
    { body: { status: "assigned" } },
    { body: { operationId: "1", status: "Assigned" } },
    { body: { operationId: "1", status: "quarantined" } },
    { body: { operationId: "1", status: "assigned" } },
    { body: undefined },
    { body: { operationId: "..", status: "assigning" }, code: "invalid-argument" },
  ])("refuses the answer %j", async ({ body, code = "protocol" }) => {
    const { client } = clientFor([{ body, headers: { "retry-after": "0" } }]);
    await expect(client.register("dev-1")).rejects.toMatchObject({ code });
  });

  it.each(["", "a/b", "a."])("sends nothing for the id %j", async (id) => {
    const { client, seen } = clientFor([]);
    await expect(client.register(id)).rejects.toMatchObject({ code: "invalid-argument" });
    expect(seen).toEqual([]);
  });
});

describe("register with a symmetric key", () => {
  const tokenOf = (seen: ReturnType<typeof clientFor>["seen"], at: number) =>
    new URLSearchParams(seen[at]?.headers.authorization?.replace("SharedAccessSignature ", ""));
  const hmac = (key: string, text: string) =>
    createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");

  it("signs each request for the device's registration", async () => {
    const { client, seen } = clientFor([assigning("0"), assigned], { symmetricKey: TEST_KEY });
    await client.register("dev-1");
    const token = tokenOf(seen, 0);
    const se = token.get("se");
    expect(token.get("skn")).toBe("registration");
    expect(token.get("sr")).toBe(`${SCOPE}/registrations/dev-1`);
    expect(token.get("sig")).toBe(hmac(TEST_KEY, `${SCOPE}%2Fregistrations%2Fdev-1\n${se}`));
    expect(seen[1]?.headers.authorization).toBe(seen[0]?.headers.authorization);
  });

  it("derives the device's key from its group's", async () => {
    const { derived, key: groupKey } = SAS_VECTORS;
    const { client, seen } = clientFor([assigned, assigned], { groupKey });
    for (const id of [derived.registrationId, "other"]) await client.register(id);
    const sr = `${SCOPE}%2Fregistrations%2F${derived.registrationId}`;
    const token = tokenOf(seen, 0);
    expect(token.get("sig")).toBe(hmac(derived.key, `${sr}\n${token.get("se")}`));
    expect(tokenOf(seen, 1).get("sr")).toBe(`${SCOPE}/registrations/other`);
  });

  it("renews the token during a long wait for the assignment", async () => {
    const { client, seen } = clientFor([assigning("1800"), assigning("1800"), assigned], {
      symmetricKey: TEST_KEY,
    });
    await client.register("dev-1", { timeout: 4_000_000 });
    const ends = [0, 1, 2].map((at) => Number(tokenOf(seen, at).get("se")));
    expect(ends[1]).toBe(ends[0]);
    expect(Number(ends[2]) - Number(ends[0])).toBe(3_600);
  });

  it.each(["", "not base64!", " a2V5 "])(
    "refuses the key %j without quoting it",
    (symmetricKey) => {
      for (const attestation of [{ symmetricKey }, { groupKey: symmetricKey }]) {
        const make = () => clientFor([], attestation);
        expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
        expect(make).not.toThrow(/not base64!/);
      }
    },
  );

  it("refuses two attestations at once", () => {
    const both = { symmetricKey: TEST_KEY, groupKey: TEST_KEY } as unknown as DeviceAttestation;
    expect(() => clientFor([], both)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

describe("many registrations at once", () => {
  async function registerAll(count: number, options: TransportOptions) {
    let inProgress = 0;
    let most = 0;
    const answer = ({ method }: { method: string }) => {
      inProgress += method === "PUT" ? 1 : -1;
      most = Math.max(most, inProgress);
      return method === "PUT" ? assigning("0") : assigned;
    };
    const steps = Array<typeof answer>(count * 2).fill(answer);
    const { client } = clientFor(steps, { groupKey: TEST_KEY }, options);
    const ids = Array.from({ length: count }, (_, at) => `d${at}`);
    await Promise.all(ids.map((id) => client.register(id)));
    return most;
  }

  it("begin at the rate, poll without it, and none runs out of time", async () => {
    // Answers must come in while the clock moves.
    const { sleep } = runtime;
    runtime.sleep = async (ms, signal) => {
      await turn();
      return await sleep(ms, signal);
    };
    const started = runtime.now();
    await registerAll(80, {});
    expect(runtime.now() - started).toBe(79_000);
  });

  it("are begun only as far as their polls can keep pace", async () => {
    expect(await registerAll(50, { rate: false, concurrency: 5 })).toBeLessThanOrEqual(20);
  });
});

describe("lookup", () => {
  const path = `/${SCOPE}/registrations/dev-1?api-version=2021-10-01`;

  it("gives what the service holds, without registering", async () => {
    const state = { registrationId: "dev-1", status: "assigned", x509: {} };
    const { client, seen } = clientFor([{ body: state }], { symmetricKey: TEST_KEY });
    expect(await client.lookup("dev-1")).toEqual(state);
    expect(seen).toMatchObject([{ method: "POST", path, body: { registrationId: "dev-1" } }]);
    expect(seen[0]?.headers.authorization).toContain("skn=registration");
  });

  it("says that a device never registered", async () => {
    const { client } = clientFor([{ status: 404, body: { errorCode: 404203, message: "no" } }]);
    await expect(client.lookup("dev-1")).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("not registered yet"),
    });
  });

  it("sends nothing for what is no id", async () => {
    const { client, seen } = clientFor([]);
    await expect(client.lookup("a/b")).rejects.toMatchObject({ code: "invalid-argument" });
    expect(seen).toEqual([]);
  });
});

describe("RegistrationClient", () => {
  it("refuses a key that is not the certificate's", () => {
    const certificate = { chainPem: device.certPem, keyPem: pki.root.keyPem };
    expect(() => clientFor([], { certificate })).toThrow(
      expect.objectContaining({
        code: "invalid-certificate",
        message: expect.stringContaining("does not belong"),
      }),
    );
  });

  it("refuses a damaged key without quoting it", () => {
    const certificate = { chainPem: device.certPem, keyPem: "s3cret" };
    expect(() => clientFor([], { certificate })).toThrow(
      expect.objectContaining({ code: "invalid-certificate" }),
    );
    expect(() => clientFor([], { certificate })).not.toThrow(/s3cret/);
  });

  it("refuses a chain without certificates", () => {
    const certificate = { chainPem: "", keyPem: device.keyPem };
    expect(() => clientFor([], { certificate })).toThrow(
      expect.objectContaining({ code: "invalid-certificate" }),
    );
  });
});
