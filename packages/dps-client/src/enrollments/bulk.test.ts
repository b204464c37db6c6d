import type { BulkMode, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpensslPki, opensslPki } from "../testing/openssl-pki.ts";
import type { SeenRequest, Step } from "../testing/scripted-service.ts";
import { clientFor, wantedGroup } from "../testing/service-client.ts";
import type { BulkOutcome } from "./collections.ts";

let pki: OpensslPki;
beforeAll(() => {
  pki = opensslPki();
});
afterAll(() => pki.remove());

const done: Step = { body: { errors: [], isSuccessful: true } };
const failed = (...errors: [registrationId: string, errorCode: number][]): Step => ({
  body: {
    errors: errors.map(([registrationId, errorCode]) => ({
      registrationId,
      errorCode,
      errorStatus: "because",
    })),
    isSuccessful: false,
  },
});
const device = (registrationId: string, more: object = {}): IndividualEnrollment => ({
  registrationId,
  attestation: { type: "symmetricKey" },
  ...more,
});
const devices = (count: number, prefix = "d") =>
  Array.from({ length: count }, (_, index) => device(`${prefix}-${index}`));
const idsOf = ({ body }: SeenRequest) =>
  (body as { enrollments: IndividualEnrollment[] }).enrollments.map((one) => one.registrationId);

async function run(
  steps: Parameters<typeof clientFor>[0],
  mode: BulkMode,
  items: Iterable<IndividualEnrollment> | AsyncIterable<IndividualEnrollment>,
  concurrency = 1,
) {
  const { client, seen } = clientFor(steps);
  const outcomes: BulkOutcome[] = [];
  for await (const one of client.enrollments.bulk(mode, items, { concurrency })) outcomes.push(one);
  const failures = outcomes.flatMap((one) => (one.ok ? [] : [[one.id, one.error.code]]));
  return { seen, outcomes, failures };
}

describe("a bulk operation", () => {
  it("sends ten items a request, from a source of any length", async () => {
    let taken = 0;
    const source = (function* () {
      for (const one of devices(25)) {
        taken++;
        yield one;
      }
    })();
    const { client, seen } = clientFor([done, done, done]);
    const outcomes = client.enrollments.bulk("create", source, { concurrency: 1 });
    expect((await outcomes.next()).value).toEqual({ ok: true, id: "d-0", index: 0 });
    expect(taken).toBeLessThan(25);
    const rest: BulkOutcome[] = [];
    for await (const one of outcomes) rest.push(one);
    expect(rest.map(({ index }) => index)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(seen.map((request) => idsOf(request).length)).toEqual([10, 10, 5]);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/enrollments?api-version=2021-10-01",
      body: { mode: "create" },
    });
  });

  it("serves groups as well", async () => {
    const group = wantedGroup(pki.root.certPem);
    const exists = { enrollmentGroupId: "thermostats", errorCode: 409202, errorStatus: "exists" };
    const { client, seen } = clientFor([{ body: { errors: [exists], isSuccessful: false } }]);
    const { value } = await client.groups.bulk("create", [group]).next();
    expect(value).toMatchObject({ ok: false, id: "Thermostats", error: { errorCode: 409202 } });
    expect(seen[0]?.body).toMatchObject({
      mode: "create",
      enrollmentGroups: [{ enrollmentGroupId: "Thermostats" }],
    });
  });

  it("has errors item by item, though the answer is 200", async () => {
    const { outcomes } = await run([failed(["D-1", 409201])], "create", devices(3));
    expect(outcomes).toMatchObject([
      { ok: true, id: "d-0" },
      {
        ok: false,
        id: "d-1",
        error: {
          code: "conflict",
          errorCode: 409201,
          serviceMessage: "because",
          message: 'create enrollment d-1: the service answered "because" (error 409201)',
          hint: expect.any(String),
        },
      },
      { ok: true, id: "d-2" },
    ]);
  });

  it("counts nothing as done where the service does not say what failed", async () => {
    const nobody = await run([failed(["elsewhere", 400004])], "create", devices(2));
    expect(nobody.failures).toEqual([
      ["d-0", "bad-request"],
      ["d-1", "bad-request"],
    ]);
    const unsaid = await run([{ body: { isSuccessful: false } }], "create", devices(1));
    expect(unsaid.failures).toEqual([["d-0", "service"]]);
  });

  it("fails the items of a request that failed, and goes on with the others", async () => {
    const { outcomes, failures } = await run(
      [done, { status: 400, body: { errorCode: 400004 } }, done],
      "create",
      devices(21),
    );
    expect(outcomes).toHaveLength(21);
    expect(failures.map(([id]) => id)).toEqual(
      devices(20)
        .slice(10)
        .map((d) => d.registrationId),
    );
  });

  it("sends the others when an item cannot be sent, and never quotes it", async () => {
    const keys = { type: "symmetricKey", symmetricKey: { primaryKey: "s3cret" } };
    const items = [
      device("d-0"),
      device("d-1", { attestation: keys }),
      device("a/b"),
      device("d-3"),
    ];
    const { seen, outcomes, failures } = await run([done], "create", items);
    expect(seen.map(idsOf)).toEqual([["d-0", "d-3"]]);
    expect(failures).toEqual([
      ["d-1", "invalid-argument"],
      ["a/b", "invalid-argument"],
    ]);
    expect(JSON.stringify(outcomes) + String(outcomes)).not.toContain("s3cret");
    const odd = [null, {}, { registrationId: 7 }] as unknown as IndividualEnrollment[];
    expect((await run([], "create", odd)).failures).toHaveLength(3);
  });

  it("keeps requests within the size that the service takes", async () => {
    const tags = { text: "x".repeat(40_000) };
    const big = devices(5).map((one) => ({ ...one, initialTwin: { tags } }));
    const { seen } = await run([done, done, done], "create", big);
    expect(seen.map((request) => idsOf(request).length)).toEqual([2, 2, 1]);
    for (const { body } of seen) expect(JSON.stringify(body).length).toBeLessThan(96 * 1024);
  });

  it("fails an item that fits into no request, and sends no empty one in its place", async () => {
    const limit = 96 * 1024;
    const sized = (registrationId: string, bytes: number) => {
      const item = (text: string) => device(registrationId, { initialTwin: { tags: { text } } });
      return item("x".repeat(bytes - JSON.stringify(item("")).length));
    };
    const circle: { [name: string]: unknown } = {};
    circle.self = circle;
    const items = [sized("a", limit - 65), sized("b", limit - 64), device("c"), sized("d", limit)];
    const odd = [...items, device("e", { initialTwin: { tags: circle } })];
    const { seen, failures } = await run([done, done], "create", odd);
    expect(seen.map(idsOf)).toEqual([["a"], ["c"]]);
    expect(failures).toEqual(["b", "d", "e"].map((id) => [id, "invalid-argument"]));
  });

  it("changes one thing twice in the order that is given, never at once", async () => {
    const items = [device("d", { etag: "1" }), device("D", { etag: "2" })];
    const { client, seen } = clientFor([done, done]);
    const outcomes = client.enrollments.bulk("updateIfMatchETag", items, { concurrency: 4 });
    expect((await outcomes.next()).value).toMatchObject({ ok: true, id: "d" });
    expect(seen).toHaveLength(1);
    expect((await outcomes.next()).value).toMatchObject({ ok: true, id: "D" });
    expect(seen.map(({ body }) => body)).toMatchObject([
      { enrollments: [{ etag: "1" }] },
      { enrollments: [{ etag: "2" }] },
    ]);
  });

  it("sends etags in the items, and wants them where the mode does", async () => {
    const items = [device("a", { etag: "e1" }), device("b")];
    const { seen, failures } = await run([done], "updateIfMatchETag", items);
    expect(failures).toEqual([["b", "invalid-argument"]]);
    expect(seen[0]?.body).toMatchObject({ enrollments: [{ registrationId: "a", etag: "e1" }] });
  });

  it("deletes by id", async () => {
    const { client, seen } = clientFor([done]);
    const ids = [{ registrationId: "a" }, { registrationId: "b", etag: "e1" }];
    for await (const { ok } of client.enrollments.bulk("delete", ids)) expect(ok).toBe(true);
    expect(seen[0]?.body).toEqual({ mode: "delete", enrollments: ids });
  });

  it("explains why an update without an etag is refused", async () => {
    const { outcomes } = await run([failed(["d-0", 409201])], "update", devices(1));
    expect(outcomes[0]).toMatchObject({ error: { hint: expect.stringContaining("etag") } });
  });

  it.each([
    ["mode", "upsert" as BulkMode, 1],
    ["concurrency", "create" as const, 0],
  ])("refuses a wrong %s", async (_, mode, concurrency) => {
    await expect(run([], mode, devices(1), concurrency)).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});

describe("a bulk operation whose answer was lost", () => {
  const lost: Step = { breaks: "ECONNRESET" };

  it("is done for the items that are there as they were sent", async () => {
    // Both items are looked at side by side, so each answer goes by what is asked for.
    const answers: Readonly<Record<string, object>> = {
      "/enrollments/d-0": device("d-0"),
      "/enrollments/d-1": device("d-1", { deviceId: "another" }),
    };
    const byPath = ({ path }: SeenRequest): Step => ({
      body: answers[path.split("?")[0] ?? ""] ?? { type: "symmetricKey" },
    });
    const steps = [lost, failed(["d-0", 409201], ["d-1", 409201]), byPath, byPath, byPath, byPath];
    const items = [device("d-0"), device("d-1", { deviceId: "mine" })];
    const { failures } = await run(steps, "create", items);
    expect(failures).toEqual([["d-1", "conflict"]]);
  });

  it("is done for the items that are deleted", async () => {
    const { failures } = await run([lost, failed(["d-0", 404201])], "delete", devices(2));
    expect(failures).toEqual([]);
    const seen = await run([failed(["d-0", 404201])], "delete", devices(1));
    expect(seen.failures).toEqual([["d-0", "not-found"]]);
  });
});

describe("several bulk requests at once", () => {
  it("are as many as is said, and each item has its outcome", async () => {
    const { client, seen } = clientFor(Array.from({ length: 6 }, () => done));
    const outcomes = client.enrollments.bulk("create", devices(60), { concurrency: 3 });
    const first = await outcomes.next();
    expect(seen).toHaveLength(3);
    const rest: BulkOutcome[] = [];
    for await (const one of outcomes) rest.push(one);
    const indexes = [first.value, ...rest].map((one) => one?.index ?? -1);
    expect(indexes.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it("tell what was done before the source failed", async () => {
    function* source() {
      yield* devices(13);
      throw new Error("line 14");
    }
    const { client } = clientFor([done, done]);
    const outcomes: BulkOutcome[] = [];
    const all = async () => {
      for await (const one of client.enrollments.bulk("create", source())) outcomes.push(one);
    };
    await expect(all()).rejects.toThrow("line 14");
    expect(outcomes.map(({ ok }) => ok)).toEqual(Array.from({ length: 13 }, () => true));
  });

  it("end when the caller goes away", async () => {
    const { client, seen } = clientFor([done, done]);
    for await (const _ of client.enrollments.bulk("create", devices(1000), { concurrency: 2 }))
      break;
    expect(seen.length).toBeLessThanOrEqual(2);
  });

  it("end when they are aborted: every item that was taken has its outcome, and no more are", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let taken = 0;
    function* source() {
      // Each id twice: what waits for room in a slice is not forgotten either.
      for (const one of devices(1000)) {
        yield* [one, one].slice(0, 1 + (taken % 2)).map((item) => {
          taken++;
          return item;
        });
      }
    }
    const { client, seen } = clientFor(Array.from({ length: 9 }, () => done));
    const outcomes: BulkOutcome[] = [];
    const all = async () => {
      const options = { concurrency: 2, signal };
      for await (const one of client.enrollments.bulk("create", source(), options)) {
        outcomes.push(one);
        controller.abort();
      }
    };
    await expect(all()).rejects.toMatchObject({ code: "aborted" });
    expect(taken).toBeLessThan(100);
    const indexes = outcomes.map(({ index }) => index).sort((a, b) => a - b);
    expect(indexes).toEqual(Array.from({ length: taken }, (_, index) => index));
    const sent = seen.reduce((sum, request) => sum + idsOf(request).length, 0);
    const codes = outcomes.map((one) => (one.ok ? "ok" : one.error.code));
    expect(codes.filter((code) => code === "ok")).toHaveLength(sent);
    expect(new Set(codes)).toEqual(new Set(["ok", "aborted"]));
  });

  it("end as aborted also where nothing but the last of them was left", async () => {
    const controller = new AbortController();
    const { client } = clientFor([done]);
    const failed: number[] = [];
    const all = async () => {
      const options = { concurrency: 1, signal: controller.signal };
      for await (const one of client.enrollments.bulk("create", devices(13), options)) {
        if (!one.ok) failed.push(one.index);
        controller.abort();
      }
    };
    await expect(all()).rejects.toMatchObject({ code: "aborted" });
    expect(failed).toEqual([10, 11, 12]);
  });

  it("take nothing where they are aborted before they begin", async () => {
    const source = {
      [Symbol.iterator]: (): Iterator<IndividualEnrollment> => {
        throw new Error("taken");
      },
    };
    const { client } = clientFor([]);
    const options = { signal: AbortSignal.abort() };
    await expect(client.enrollments.bulk("create", source, options).next()).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
