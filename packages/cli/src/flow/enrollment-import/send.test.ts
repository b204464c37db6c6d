import type { BulkOutcome } from "@dps-certs/dps-client";
import { DpsClientError } from "@dps-certs/dps-client";
import type { BulkMode, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { findMany } from "./lookup.ts";
import { isFailure, readImportRow } from "./row.ts";
import { sendRows } from "./send.ts";
import type { Enrollments, RowOutcome } from "./slices.ts";

type Stored = IndividualEnrollment & { keys?: string };

/** A service of our own that counts what it is asked, and can be overtaken. */
function serviceOf(ids: readonly string[], { pageSize = 10, overtaken = new Set<string>() } = {}) {
  const stored = new Map<string, Stored>(
    ids.map((registrationId) => [
      registrationId.toLowerCase(),
      { registrationId, etag: "1", attestation: { type: "symmetricKey" }, keys: "drawn" },
    ]),
  );
  const asked = { pages: 0, finds: 0, keys: 0 };
  const refuse = (code: "conflict" | "not-found" | "etag-mismatch") =>
    new DpsClientError(code, `refused: ${code}`);
  const put = (item: Stored): void => {
    const { etag: _, attestation, ...members } = item;
    const keys = attestation.symmetricKey?.primaryKey ?? "drawn anew";
    stored.set(item.registrationId.toLowerCase(), {
      ...members,
      attestation: { type: attestation.type },
      etag: "2",
      keys,
    });
  };
  const doOne = (mode: BulkMode, item: Stored): void => {
    const present = stored.get(item.registrationId.toLowerCase());
    const isNew = mode === "create";
    if (isNew && present) throw refuse("conflict");
    if (!isNew && !present) throw refuse("not-found");
    if (overtaken.has(item.registrationId)) throw refuse("etag-mismatch");
    if (mode.startsWith("update") && item.etag !== present?.etag) throw refuse("etag-mismatch");
    if (mode === "delete") stored.delete(item.registrationId.toLowerCase());
    else put(item);
  };
  const withoutOurs = ({ keys: _, ...one }: Stored): IndividualEnrollment => one;
  const find = (id: string) => {
    asked.finds += 1;
    const one = stored.get(id.toLowerCase());
    return Promise.resolve(one && withoutOurs(one));
  };
  const attestation = (id: string) => {
    asked.keys += 1;
    const keys = stored.get(id.toLowerCase())?.keys ?? "";
    return Promise.resolve({
      type: "symmetricKey" as const,
      symmetricKey: { primaryKey: keys, secondaryKey: keys },
    });
  };
  async function* bulk(
    mode: BulkMode,
    items: AsyncIterable<Stored>,
  ): AsyncGenerator<BulkOutcome, void, undefined> {
    let index = 0;
    for await (const item of items) {
      const of = { id: item.registrationId, index };
      index += 1;
      try {
        doOne(mode, item);
        yield { ok: true, ...of };
      } catch (error) {
        yield { ok: false, ...of, error: error as DpsClientError };
      }
    }
  }
  const query = () => ({
    async *byPage() {
      const all = [...stored.values()].map(withoutOurs);
      for (let at = 0; at < all.length; at += pageSize) {
        asked.pages += 1;
        yield await Promise.resolve(all.slice(at, at + pageSize));
      }
    },
  });
  const update = async (id: string, change: (one: Stored) => Stored) => {
    const one = stored.get(id.toLowerCase());
    if (one === undefined) throw refuse("not-found");
    put(change({ ...one, attestation: await attestation(id) }));
  };
  return {
    asked,
    stored,
    enrollments: { find, attestation, bulk, query, update } as unknown as Enrollments,
  };
}

async function send(
  enrollments: Enrollments,
  mode: BulkMode,
  rows: readonly Record<string, unknown>[],
): Promise<unknown[]> {
  async function* items() {
    for (const [at, values] of rows.entries()) {
      const row = await readImportRow({ line: at + 2, values }, mode, () => Promise.resolve(""));
      if (isFailure(row)) throw new Error(row.message);
      yield row;
    }
  }
  const told: unknown[] = [];
  const outcomes: AsyncIterable<RowOutcome> = sendRows(enrollments, items(), {
    mode,
    concurrency: 4,
  });
  for await (const outcome of outcomes) {
    told.push(
      outcome.is === "failed"
        ? [outcome.failure.line, outcome.failure.code, outcome.failure.message]
        : [outcome.line, outcome.is],
    );
  }
  return told;
}

const rowOf = (registrationId: string, members: Record<string, unknown> = {}) => ({
  registrationId,
  attestation: "symmetricKey",
  ...members,
});
const KEY = Buffer.alloc(16, 1).toString("base64");

describe("creating in bulk", () => {
  it("counts what is there as the row has it, and refuses what is there as another", async () => {
    const { enrollments, stored } = serviceOf(["Same", "other"]);
    expect(
      await send(enrollments, "create", [
        rowOf("new", { deviceId: "x" }),
        rowOf("same"),
        rowOf("other", { deviceId: "mine", provisioningStatus: "disabled" }),
      ]),
    ).toEqual([
      [2, "done"],
      [3, "already"],
      [
        4,
        "conflict",
        "the service has an enrollment other already, with another deviceId, provisioningStatus",
      ],
    ]);
    expect(stored.get("other")).not.toHaveProperty("deviceId");
  });

  it("compares symmetric keys too, and never tells them", async () => {
    const { enrollments, stored } = serviceOf(["a", "b"]);
    Object.assign(stored.get("a") ?? {}, { keys: KEY });
    const told = await send(enrollments, "create", [
      rowOf("a", { primaryKey: KEY, attestation: null }),
      rowOf("b", { primaryKey: KEY, attestation: null }),
    ]);
    expect(told).toMatchObject([
      [2, "already"],
      [3, "conflict", expect.stringContaining("another attestation")],
    ]);
    expect(JSON.stringify(told)).not.toContain(KEY);
  });
});

describe("updating in bulk", () => {
  it("writes what differs under the etag that was read, with the keys that are there", async () => {
    const { asked, enrollments, stored } = serviceOf(["a", "b", "c"]);
    const told = await send(enrollments, "update", [
      { registrationId: "a", provisioningStatus: "disabled" },
      { registrationId: "B", attestation: "symmetricKey" },
      { registrationId: "none", deviceId: "x" },
    ]);
    expect(told).toEqual([
      [3, "already"],
      [4, "not-found", "the service has no enrollment none"],
      [2, "done"],
    ]);
    expect(stored.get("a")).toMatchObject({ provisioningStatus: "disabled", keys: "drawn" });
    expect(asked.keys).toBe(1);
  });

  it("makes a second change of a device to what the first made", async () => {
    const { enrollments, stored } = serviceOf(["a"]);
    await send(enrollments, "update", [
      { registrationId: "a", deviceId: "x" },
      { registrationId: "A", provisioningStatus: "disabled" },
    ]);
    expect(stored.get("a")).toMatchObject({ deviceId: "x", provisioningStatus: "disabled" });
    const there = { registrationId: "a", deviceId: "x" };
    const back = await send(enrollments, "update", [{ registrationId: "a", deviceId: "y" }, there]);
    expect(back).toEqual([
      [2, "done"],
      [3, "done"],
    ]);
    expect(stored.get("a")).toMatchObject({ deviceId: "x" });
  });

  it("reads again what somebody else changed meanwhile, unless the row has the condition", async () => {
    const { enrollments, stored } = serviceOf(["a", "b"], { overtaken: new Set(["a", "b"]) });
    const told = await send(enrollments, "update", [
      { registrationId: "a", deviceId: "x" },
      { registrationId: "b", deviceId: "x", etag: "1" },
    ]);
    expect(told).toMatchObject([
      [2, "done"],
      [3, "etag-mismatch", "refused: etag-mismatch"],
    ]);
    expect(stored.get("a")).toMatchObject({ deviceId: "x", keys: "drawn" });
    expect(stored.get("b")).not.toHaveProperty("deviceId");
  });

  it("is conditional where it is to be", async () => {
    const { enrollments } = serviceOf(["a", "b"]);
    const told = await send(enrollments, "updateIfMatchETag", [
      rowOf("a", { etag: "1", deviceId: "x" }),
      rowOf("b", { etag: "stale" }),
    ]);
    expect(told).toMatchObject([
      [2, "done"],
      [3, "etag-mismatch", "refused: etag-mismatch"],
    ]);
  });
});

it("deleting in bulk counts what is gone already", async () => {
  const { enrollments, stored } = serviceOf(["a", "b"]);
  const told = await send(enrollments, "delete", [rowOf("a"), rowOf("gone")]);
  expect(told).toEqual([
    [2, "done"],
    [3, "already"],
  ]);
  expect([...stored.keys()]).toEqual(["b"]);
});

describe("looking up many enrollments", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `d${at}`);

  it("reads pages, not one after the other, where many are looked for", async () => {
    const { asked, enrollments } = serviceOf(ids(100));
    const found = await findMany(enrollments, [...ids(50), "D99", "none"]);
    expect(found.size).toBe(51);
    expect(found.get("d99")?.registrationId).toBe("d99");
    expect(asked).toMatchObject({ pages: 10, finds: 0 });
  });

  it("asks for each where few are looked for, and for the rest where pages bring little", async () => {
    const few = serviceOf(ids(100));
    expect((await findMany(few.enrollments, ["d1", "d99"])).size).toBe(2);
    expect(few.asked).toMatchObject({ pages: 0, finds: 2 });
    const many = serviceOf(ids(1000));
    expect((await findMany(many.enrollments, ["d0", "d500", "d998", "d999"])).size).toBe(4);
    expect(many.asked).toMatchObject({ pages: 2, finds: 3 });
  });
});
