import type { MockAgent } from "undici";
import { beforeEach, describe, expect, it } from "vitest";
import { anonymous } from "./authorization.ts";
import type { TransportOptions } from "./options.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { type Step, scriptedService } from "./testing/scripted-service.ts";
import { createTransport, type TransportRequest } from "./transport.ts";
import { VERSION } from "./version.ts";

const ENDPOINT = "https://dps.example";
const GET: TransportRequest = { what: "get it", method: "GET", path: "/it" };
let runtime: FakeRuntime;
beforeEach(() => {
  runtime = fakeRuntime();
});

function transportFor(
  steps: Parameters<typeof scriptedService>[1],
  options: TransportOptions = {},
) {
  const service = scriptedService(ENDPOINT, steps);
  const transport = createTransport({
    plane: "service",
    endpoint: new URL(ENDPOINT),
    apiVersion: "2021-10-01",
    authorize: anonymous,
    options: { dispatcher: service.dispatcher, runtime, ...options },
  });
  return { ...service, transport };
}

const throttled = (retryAfter: string): Step => ({
  status: 429,
  headers: { "retry-after": retryAfter },
});

describe("a request", () => {
  it("names api-version and user agent, and sends JSON only where there is a body", async () => {
    const { transport, seen } = transportFor([{ body: { a: 1 } }, {}]);
    expect(await transport.send(GET)).toMatchObject({ status: 200, body: { a: 1 } });
    await transport.send({ ...GET, method: "PUT", body: { b: 2 } });
    expect(seen[0]).toMatchObject({ method: "GET", path: "/it?api-version=2021-10-01" });
    expect(seen[0]?.headers["user-agent"]).toBe(`dps-certs/${VERSION}`);
    expect(seen[0]?.headers["content-type"]).toBeUndefined();
    expect(seen[1]).toMatchObject({
      body: { b: 2 },
      headers: { "content-type": "application/json; charset=utf-8" },
    });
  });

  it("takes an empty answer for no body", async () => {
    const { transport } = transportFor([{ status: 204 }]);
    expect(await transport.send(GET)).toMatchObject({ status: 204, body: undefined });
  });

  it("refuses a 200 that is not JSON, and does not quote it", async () => {
    const { transport } = transportFor([{ body: "<html>s3cret" }]);
    const error = await transport.send(GET).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "protocol", status: 200 });
    expect(String(error)).not.toContain("s3cret");
  });

  it("refuses an answer that is too long", async () => {
    const { transport } = transportFor([{ body: "x".repeat(101) }], { maxResponseBytes: 100 });
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "response-too-large" });
  });

  it("refuses to follow a redirection", async () => {
    const { transport } = transportFor([{ status: 307, headers: { location: "https://evil" } }]);
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "service", status: 307 });
  });
});

describe("retries", () => {
  it("wait as long as Retry-After says", async () => {
    const { transport } = transportFor([throttled("7"), throttled("0"), { body: 1 }]);
    expect((await transport.send(GET)).body).toBe(1);
    expect(runtime.waits).toEqual([7_000]);
  });

  it("understand Retry-After as a date", async () => {
    const date = new Date(runtime.now() + 4_000).toUTCString();
    const { transport } = transportFor([{ ...throttled(date), status: 503 }, {}]);
    await transport.send(GET);
    expect(runtime.waits).toEqual([4_000]);
  });

  it.each([500, 502, 503, 504])("back off after %d", async (status) => {
    const { transport } = transportFor([{ status }, { status }, {}]);
    await transport.send(GET);
    expect(runtime.waits).toEqual([250, 500]);
  });

  it.each(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"])("back off after %s", async (breaks) => {
    const { transport } = transportFor([{ breaks }, {}]);
    await transport.send(GET);
    expect(runtime.waits).toEqual([250]);
  });

  it.each([400, 401, 403, 404, 409, 412, 501])("do not follow %d", async (status) => {
    const { transport } = transportFor([{ status }]);
    await expect(transport.send(GET)).rejects.toMatchObject({ status });
    expect(runtime.waits).toEqual([]);
  });

  it("end after the last attempt, with the last answer", async () => {
    const { transport, seen } = transportFor([{ status: 502 }, { status: 500 }, { status: 503 }], {
      retry: { attempts: 3 },
    });
    await expect(transport.send(GET)).rejects.toMatchObject({
      code: "service",
      status: 503,
      message: expect.stringContaining("(tried 3 times)"),
    });
    expect(seen).toHaveLength(3);
  });

  it("do not begin a wait that the deadline does not allow", async () => {
    const { transport } = transportFor([throttled("120")]);
    await expect(transport.send(GET)).rejects.toMatchObject({
      code: "throttled",
      retryAfterMs: 120_000,
      hint: expect.stringContaining("throttles"),
    });
    expect(runtime.waits).toEqual([]);
  });

  it("obey the deadline of the request where it is sooner", async () => {
    const { transport } = transportFor([throttled("5")]);
    const deadlineAt = runtime.now() + 5_000;
    await expect(transport.send({ ...GET, deadlineAt })).rejects.toMatchObject({
      code: "throttled",
    });
  });

  it("send nothing when the time is up", async () => {
    const { transport, seen } = transportFor([]);
    const deadlineAt = runtime.now();
    await expect(transport.send({ ...GET, deadlineAt })).rejects.toMatchObject({ code: "timeout" });
    expect(seen).toEqual([]);
  });

  it("tell whether the service may have acted on an attempt without an answer", async () => {
    const lost = transportFor([{ breaks: "ECONNRESET" }, { status: 409 }]);
    await expect(lost.transport.send(GET)).rejects.toMatchObject({ maybeApplied: true });
    const refused = transportFor([throttled("0"), { status: 409 }]);
    await expect(refused.transport.send(GET)).rejects.toMatchObject({ maybeApplied: false });
  });
});

describe("ending a request early", () => {
  it("is reported as aborted, with the reason", async () => {
    const reason = new Error("enough");
    const { transport } = transportFor([{}]);
    await expect(
      transport.send({ ...GET, signal: AbortSignal.abort(reason) }),
    ).rejects.toMatchObject({ code: "aborted", cause: reason });
  });

  it("ends the wait for another attempt", async () => {
    const controller = new AbortController();
    const { transport, seen } = transportFor([throttled("9"), {}], {
      runtime: {
        ...runtime,
        sleep: (_ms, signal) => {
          controller.abort();
          return Promise.reject(signal?.reason);
        },
      },
    });
    await expect(transport.send({ ...GET, signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(seen).toHaveLength(1);
  });

  it("is refused after close", async () => {
    const { transport } = transportFor([{}]);
    await transport.close();
    await transport.close();
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "closed" });
  });

  it("leaves a dispatcher that was passed in open", async () => {
    const { transport, dispatcher } = transportFor([]);
    await transport.close();
    expect((dispatcher as MockAgent & { closed?: boolean }).closed).toBeFalsy();
  });
});

describe("network errors", () => {
  it.each([
    ["ECONNREFUSED", "connection-refused", "dps-certs emulator start"],
    ["ENOTFOUND", "host-not-found", "name of the service"],
    ["CERT_HAS_EXPIRED", "tls", "clock"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls", "NODE_EXTRA_CA_CERTS"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls", "CA file"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls", "host name"],
    ["UND_ERR_ABORTED", "network", "HTTPS_PROXY"],
  ])("%s is %s, with a hint", async (breaks, code, hint) => {
    const { transport } = transportFor([{ breaks }]);
    await expect(transport.send(GET)).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint),
      message: expect.stringContaining(`dps.example`),
    });
    expect(runtime.waits).toEqual([]);
  });
});

describe("options", () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "refuse a time limit of %d ms",
    (timeoutMs) => {
      expect(() => transportFor([], { timeoutMs })).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    },
  );

  it("refuse a CA without certificates, which node:tls would ignore", () => {
    expect(() => transportFor([], { ca: "garbage" })).toThrow(
      expect.objectContaining({ code: "invalid-certificate" }),
    );
  });
});
