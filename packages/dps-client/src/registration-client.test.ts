import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RegistrationClient, type RegistrationClientOptions } from "./registration-client.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { type OpensslPki, opensslPki, type Pair } from "./testing/openssl-pki.ts";
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
  options: Partial<RegistrationClientOptions> = {},
) {
  const service = scriptedService(ENDPOINT, steps);
  const client = new RegistrationClient({
    idScope: SCOPE,
    certificate: { chainPem: device.certPem, keyPem: device.keyPem },
    dispatcher: service.dispatcher,
    runtime,
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
        path: `${path}/register?api-version=2021-06-01`,
        body: { registrationId: "dev-1", payload: { a: 1 } },
      },
      { method: "GET", path: `${path}/operations/5.x%2Fy?api-version=2021-06-01`, body: undefined },
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
