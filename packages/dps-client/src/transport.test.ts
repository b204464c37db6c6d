import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Dispatcher, MockAgent } from "undici";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Authorize,
  anonymous,
  bearerAuthorization,
  sasAuthorization,
} from "./authorization.ts";
import type { TransportOptions } from "./options.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { TEST_KEY } from "./testing/sas-vectors.ts";
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
  authorize: Authorize = anonymous,
) {
  const service = scriptedService(ENDPOINT, steps);
  const transport = createTransport({
    plane: "service",
    endpoint: new URL(ENDPOINT),
    apiVersion: "2021-10-01",
    authorize,
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
    expect(seen[0]?.headers["accept-encoding"]).toBe("identity");
    expect(seen[0]?.headers["content-type"]).toBeUndefined();
    expect(seen[1]).toMatchObject({
      body: { b: 2 },
      headers: { "content-type": "application/json; charset=utf-8" },
    });
  });

  it("names the caller behind this package", async () => {
    const { transport, seen } = transportFor([{}], { userAgent: "my-tool/1.0 (lab)" });
    await transport.send(GET);
    expect(seen[0]?.headers["user-agent"]).toBe(`dps-certs/${VERSION} my-tool/1.0 (lab)`);
  });

  it("asks where it is told to: another version, or a whole query", async () => {
    const { transport, seen } = transportFor([{}, {}]);
    await transport.send({ ...GET, apiVersion: "2022-12-01" });
    await transport.send({ ...GET, query: "api-version=1&$skipToken=a%2Fb" });
    expect(seen.map(({ path }) => path)).toEqual([
      "/it?api-version=2022-12-01",
      "/it?api-version=1&$skipToken=a%2Fb",
    ]);
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

  it.each([408, 500, 502, 503, 504])("back off after %d", async (status) => {
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
    const timeLimit = { ms: 5_000 };
    await expect(transport.send({ ...GET, timeLimit })).rejects.toMatchObject({
      code: "throttled",
    });
  });

  it("send nothing when the time is up", async () => {
    const { transport, seen } = transportFor([]);
    const timeLimit = { ms: 5_000, endsAt: runtime.now() };
    await expect(transport.send({ ...GET, timeLimit })).rejects.toMatchObject({ code: "timeout" });
    expect(seen).toEqual([]);
  });

  it("send nothing that the deadline no longer allows, however long the rate makes it wait", async () => {
    const { transport, seen } = transportFor([{ status: 503 }, {}], {
      rate: { operations: 1, perMs: 200_000 },
    });
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "service", status: 503 });
    expect(seen).toHaveLength(1);
    expect(runtime.waits).toEqual([250]);
  });

  it("say so on an answer that came after a lost one", async () => {
    const { transport } = transportFor([{ breaks: "ECONNRESET" }, {}, {}]);
    expect(await transport.send(GET)).toMatchObject({ maybeApplied: true });
    expect(await transport.send(GET)).toMatchObject({ maybeApplied: false });
  });

  it("tell whether the service may have acted on an attempt without an answer", async () => {
    const lost = transportFor([{ breaks: "ECONNRESET" }, { status: 409 }]);
    await expect(lost.transport.send(GET)).rejects.toMatchObject({ maybeApplied: true });
    const refused = transportFor([throttled("0"), { status: 409 }]);
    await expect(refused.transport.send(GET)).rejects.toMatchObject({ maybeApplied: false });
  });
});

describe("a token that was good and is refused", () => {
  const GOOD: Step = {};
  const REFUSED: Step = { status: 401 };
  const tokens = () => {
    let count = 0;
    const credential = {
      getToken: () => {
        count += 1;
        return Promise.resolve({ token: `t${count}`, expiresOnTimestamp: runtime.now() + 3.6e6 });
      },
    };
    return bearerAuthorization(credential, "scope", runtime.now);
  };
  const sent = (seen: { headers: { authorization?: string } }[]) =>
    seen.map(({ headers }) => headers.authorization);

  it("is renewed once, without a pause: the clock may have jumped", async () => {
    const { transport, seen } = transportFor([GOOD, REFUSED, GOOD], {}, tokens());
    await transport.send(GET);
    expect(await transport.send(GET)).toMatchObject({ status: 200 });
    expect(sent(seen)).toEqual(["Bearer t1", "Bearer t1", "Bearer t2"]);
    expect(runtime.waits).toEqual([]);
  });

  it("is not renewed again when the new one is refused too", async () => {
    const { transport, seen } = transportFor([GOOD, REFUSED, REFUSED], {}, tokens());
    await transport.send(GET);
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "unauthorized" });
    expect(seen).toHaveLength(3);
  });

  it("is not renewed if it never was good", async () => {
    const { transport, seen } = transportFor([REFUSED], {}, tokens());
    await expect(transport.send(GET)).rejects.toMatchObject({ code: "unauthorized" });
    expect(seen).toHaveLength(1);
  });

  it("is signed anew where it is a SAS token", async () => {
    const authorize = sasAuthorization({ keyName: "p", key: TEST_KEY }, "h", runtime.now);
    const { transport, seen } = transportFor([GOOD, REFUSED, GOOD], {}, authorize);
    await transport.send(GET);
    runtime.advance(60_000);
    await transport.send(GET);
    const [, second, third] = sent(seen);
    expect(third).not.toBe(second);
  });
});

describe("many requests at once", () => {
  /** Answers in a later turn of the event loop, and counts how many requests it holds meanwhile. */
  function slowService() {
    const counts = { now: 0, most: 0, all: 0 };
    const dispatcher = {
      request: async () => {
        counts.all += 1;
        counts.most = Math.max(counts.most, ++counts.now);
        await turn();
        counts.now -= 1;
        return { statusCode: 200, headers: {}, body: Readable.from([]) };
      },
    } as unknown as Dispatcher;
    return { counts, dispatcher };
  }
  const count = 300;
  const all = (transport: ReturnType<typeof createTransport>, signal?: AbortSignal) =>
    Promise.allSettled(Array.from({ length: count }, () => transport.send({ ...GET, signal })));

  it("are under way 16 at a time, and none fails for having to wait", async () => {
    const { counts, dispatcher } = slowService();
    const { transport } = transportFor([], { dispatcher, rate: false, timeoutMs: 5_000 });
    const results = await all(transport);
    expect(results.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(counts).toMatchObject({ most: 16, all: count });
  });

  it("obey the rate: the service's own unless told otherwise", async () => {
    const { dispatcher } = slowService();
    const { transport } = transportFor([], { dispatcher, concurrency: 1 });
    const started = runtime.now();
    const results = await all(transport);
    expect(results.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(runtime.now() - started).toBeCloseTo((count - 100) * 60, 0);
  });

  it("have no rate with an emulator, nor on the management plane", async () => {
    for (const [plane, endpoint] of [
      ["service", "https://localhost:1"],
      ["management", ENDPOINT],
    ] as const) {
      const { dispatcher } = slowService();
      const transport = createTransport({
        plane,
        endpoint: new URL(endpoint),
        apiVersion: "1",
        authorize: anonymous,
        options: { dispatcher, runtime },
      });
      await all(transport);
    }
    expect(runtime.waits).toEqual([]);
  });

  it("all end at once with their signal, those that wait too", async () => {
    const { counts, dispatcher } = slowService();
    const { transport } = transportFor([], { dispatcher, rate: false });
    const controller = new AbortController();
    const results = all(transport, controller.signal);
    await turn();
    controller.abort();
    for (const result of (await results).slice(100)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "aborted" } });
    }
    expect(counts.all).toBeLessThan(100);
  });

  it("all end when the client is closed, however long the rate would make them wait", async () => {
    const { counts, dispatcher } = slowService();
    const { transport } = transportFor([], { dispatcher, rate: { operations: 1, perMs: 1_000 } });
    const results = all(transport);
    await transport.close();
    for (const result of (await results).slice(1)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "closed" } });
    }
    expect(counts.all).toBeLessThanOrEqual(1);
    expect(runtime.waits.length).toBeLessThanOrEqual(1);
  });

  it.each([
    ["an answer has them wait", throttled("60"), false],
    ["their answer was lost", { breaks: "ECONNRESET" }, true],
  ])("are not waited for after close where %s", async (_, step, maybeApplied) => {
    let waiting = () => {};
    const isWaiting = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    // Never over by itself.
    const sleep = (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        waiting();
      });
    const { transport, seen } = transportFor([step, {}], { runtime: { ...runtime, sleep } });
    const sent = transport.send(GET);
    await isWaiting;
    await transport.close();
    await expect(sent).rejects.toMatchObject({ code: "closed", maybeApplied });
    expect(seen.length).toBeLessThan(2);
    await expect(transport.pause(60_000, "wait", undefined)).resolves.toBeUndefined();
  });

  it("take no turn of the rate with them when they leave", async () => {
    const { dispatcher } = slowService();
    const { transport } = transportFor([], { dispatcher, rate: { operations: 1, perMs: 1_000 } });
    const controller = new AbortController();
    const results = all(transport, controller.signal);
    controller.abort();
    await results;
    const started = runtime.now();
    await transport.send(GET);
    expect(runtime.now() - started).toBeLessThanOrEqual(2_000);
  });

  it("do not gather behind one that is sent again, to go out all at once", async () => {
    const times: number[] = [];
    const answer = (step: Step) => () => {
      times.push(runtime.now());
      return step;
    };
    const steps = [throttled("30"), ...Array.from({ length: 6 }, () => ({}))].map(answer);
    const rate = { operations: 60, perMs: 60_000, burst: 1 };
    const { transport } = transportFor(steps, { concurrency: 1, rate });
    await Promise.all(Array.from({ length: 6 }, () => transport.send(GET)));
    // The second is the first once more; the third had its turn when that still waited.
    const gaps = times.slice(3).map((time, at) => time - (times[at + 2] ?? 0));
    expect(gaps.slice(1)).toEqual([1_000, 1_000, 1_000]);
  });

  it("do not ask a service that throttles while the first of them wait", async () => {
    const { transport, seen } = transportFor([throttled("5"), {}, {}], { concurrency: 1 });
    await Promise.all([transport.send(GET), transport.send({ ...GET, path: "/next" })]);
    expect(seen.map(({ path }) => path.split("?")[0])).toEqual(["/it", "/it", "/next"]);
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

  it("says whether the request was on its way", async () => {
    const controller = new AbortController();
    const { transport } = transportFor([
      () => {
        controller.abort();
        return {};
      },
    ]);
    const { signal } = controller;
    await expect(transport.send({ ...GET, signal })).rejects.toMatchObject({
      code: "aborted",
      maybeApplied: true,
    });
    await expect(transport.send({ ...GET, signal })).rejects.toMatchObject({
      code: "aborted",
      maybeApplied: false,
    });
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
  it.each([
    { concurrency: 0 },
    { maxResponseBytes: 0 },
    { maxResponseBytes: Number.NaN },
    { concurrency: 1.5 },
    { retry: { attempts: 0 } },
    { retry: { attempts: Number.NaN } },
    { retry: { baseDelayMs: -1 } },
    { rate: { operations: 0, perMs: 1 } },
    { userAgent: "a\r\nx: y" },
    { userAgent: "ü" },
  ])("refuse %j", (options) => {
    expect(() => transportFor([], options)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

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
