import { describe, expect, it } from "vitest";
import { rootCa, uploadable } from "../testing/pki.ts";
import { askService, codeOf, putRecord } from "../testing/service-plane.ts";
import { makeWorld, type World, x509Attestation } from "../testing/world.ts";

const attestation = { type: "symmetricKey" };
const KINDS = [
  { path: "/enrollments", list: "enrollments", id: "registrationId", missing: 404201 },
  { path: "/enrollmentGroups", list: "enrollmentGroups", id: "enrollmentGroupId", missing: 404202 },
] as const;
type Kind = (typeof KINDS)[number];

const item = (kind: Kind, id: string, members: object = {}) => ({
  [kind.id]: id,
  attestation,
  ...members,
});
const bulk = (world: World, kind: Kind, mode: string, items: unknown[], path = kind.path) =>
  askService(world, "POST", path, { body: { mode, [kind.list]: items } });
const get = (world: World, kind: Kind, id: string) =>
  askService(world, "GET", `${kind.path}/${id}`);
const ids = (count: number) => Array.from({ length: count }, (_, n) => `d${n}`);
const DONE = { status: 200, body: { errors: [], isSuccessful: true } };

describe.each(KINDS)("a bulk operation on $path", (kind) => {
  const exists = kind.missing + 5000;

  it("creates, updates and deletes ten at a time", async () => {
    const world = makeWorld();
    const make = ids(10).map((id) => item(kind, id));
    expect(await bulk(world, kind, "create", make)).toMatchObject(DONE);
    const made = await Promise.all(ids(10).map(async (id) => (await get(world, kind, id)).body));
    const disabled = made.map((one) => ({ ...one, provisioningStatus: "disabled" }));
    expect(await bulk(world, kind, "updateIfMatchETag", disabled)).toMatchObject(DONE);
    expect((await get(world, kind, "d9")).body.provisioningStatus).toBe("disabled");
    const gone = ids(10).map((id) => ({ [kind.id]: id }));
    expect(await bulk(world, kind, "delete", gone)).toMatchObject(DONE);
    expect(codeOf(await get(world, kind, "d0"))).toEqual([404, kind.missing]);
  });

  it("is 200 with the errors of its items, and does the others", async () => {
    const world = makeWorld();
    await bulk(world, kind, "create", [item(kind, "Old")]);
    const { status, body } = await bulk(world, kind, "create", [
      item(kind, "old"),
      item(kind, "bad id"),
      item(kind, "new"),
      item(kind, "none", { attestation: { type: "none" } }),
      { [kind.id]: "empty" },
    ]);
    expect(status).toBe(200);
    expect(body.isSuccessful).toBe(false);
    const told = body.errors.map((error: Record<string, unknown>) => [
      error[kind.id],
      error.errorCode,
    ]);
    expect(told).toEqual([
      ["old", exists],
      ["bad id", 400004],
      ["none", 400004],
      ["empty", 400004],
    ]);
    expect((await get(world, kind, "new")).status).toBe(200);
    expect(codeOf(await get(world, kind, "none"))).toEqual([404, kind.missing]);
  });

  it("answers an update without an etag as the service was recorded to", async () => {
    const world = makeWorld();
    await bulk(world, kind, "create", [item(kind, "d")]);
    const text = kind.id === "registrationId" ? "Enrollment" : "EnrollmentGroup";
    expect((await bulk(world, kind, "update", [item(kind, "d")])).body).toEqual({
      errors: [{ [kind.id]: "d", errorCode: exists, errorStatus: `${text} already exists.` }],
      isSuccessful: false,
    });
  });

  it("updates what is there, by its etag", async () => {
    const world = makeWorld();
    await bulk(world, kind, "create", [item(kind, "d")]);
    const { etag } = (await get(world, kind, "d")).body;
    const errorOf = async (mode: string, members: object, id = "d") => {
      const { body } = await bulk(world, kind, mode, [item(kind, id, members)]);
      return body.errors[0]?.errorCode;
    };
    expect(await errorOf("update", { etag }, "other")).toBe(kind.missing);
    expect(await errorOf("update", {}, "other")).toBe(kind.missing);
    expect(await errorOf("updateIfMatchETag", {})).toBe(412001);
    expect(await errorOf("updateIfMatchETag", { etag: null })).toBe(412001);
    expect(await errorOf("updateIfMatchETag", { etag: "stale" })).toBe(412001);
    expect(await errorOf("update", { etag: "stale" })).toBe(412001);
    expect(await errorOf("create", { etag })).toBe(exists);
    expect((await get(world, kind, "d")).body.etag).toBe(etag);
    expect(await errorOf("update", { etag })).toBeUndefined();
    expect(await errorOf("update", { etag: "*" })).toBeUndefined();
    expect(codeOf(await get(world, kind, "other"))).toEqual([404, kind.missing]);
  });

  it("deletes by the etag if one is named", async () => {
    const world = makeWorld();
    await bulk(world, kind, "create", [item(kind, "d"), item(kind, "e")]);
    const { etag } = (await get(world, kind, "e")).body;
    const gone = [
      { [kind.id]: "d", etag: "stale" },
      { [kind.id]: "E", etag },
      { [kind.id]: "e" },
      { [kind.id]: "bad id" },
    ];
    const { body } = await bulk(world, kind, "delete", gone);
    const codes = body.errors.map((error: { errorCode: number }) => error.errorCode);
    expect(codes).toEqual([412001, kind.missing, kind.missing]);
    expect((await get(world, kind, "d")).status).toBe(200);
  });

  it("takes its items one after the other", async () => {
    const world = makeWorld();
    const { body } = await bulk(world, kind, "create", [item(kind, "d"), item(kind, "D")]);
    expect(body.errors).toMatchObject([{ [kind.id]: "D", errorCode: exists }]);
  });

  it.each([`${kind.path}/`, kind.path.toLowerCase(), `${kind.path.toUpperCase()}/`])(
    "may be sent to %s",
    async (path) => {
      const world = makeWorld();
      const answer = await bulk(world, kind, "create", [item(kind, "d")], path as Kind["path"]);
      expect(answer).toMatchObject(DONE);
    },
  );

  it("has its mode in any case of letters, as clients spell one in two ways", async () => {
    const world = makeWorld();
    await bulk(world, kind, "CREATE", [item(kind, "d")]);
    const { body } = await get(world, kind, "d");
    expect(await bulk(world, kind, "updateIfMatchEtag", [body])).toMatchObject(DONE);
  });

  it("is refused as a whole where it is not understood, and nothing is done", async () => {
    const world = makeWorld();
    const good = item(kind, "d");
    const eleven = ids(11).map((id) => item(kind, id));
    const wrong: unknown[] = [
      { mode: "create", [kind.list]: eleven },
      { mode: "upsert", [kind.list]: [good] },
      { mode: "__proto__", [kind.list]: [good] },
      { mode: null, [kind.list]: [good] },
      { [kind.list]: [good] },
      { mode: "create" },
      { mode: "create", [kind.list]: good },
      { mode: "create", [kind.list]: [good, null] },
      { mode: "create", [kind.list]: [good, { attestation }] },
      { mode: "create", [kind.list]: [good, { [kind.id]: 7, attestation }] },
      [good],
      "{",
    ];
    for (const body of wrong) {
      const answer = await askService(world, "POST", kind.path, { body });
      expect(codeOf(answer)).toEqual([400, 400004]);
    }
    for (const id of ["d", "d0"]) {
      expect(codeOf(await get(world, kind, id))).toEqual([404, kind.missing]);
    }
    expect(await bulk(world, kind, "create", [])).toMatchObject(DONE);
  });

  it("tells no key, neither one that it took nor one that it refused", async () => {
    const world = makeWorld();
    const primaryKey = Buffer.alloc(32, 7).toString("base64");
    const keys = (key: string) => ({
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: key } },
    });
    const answer = await bulk(world, kind, "create", [
      item(kind, "d", keys(primaryKey)),
      item(kind, "e", keys("t00-short")),
    ]);
    expect(answer.body.errors).toMatchObject([{ [kind.id]: "e", errorCode: 400004 }]);
    expect(JSON.stringify(answer)).not.toMatch(/BwcH|t00-short/);
  });
});

describe("a bulk operation on groups", () => {
  it("ends at a hundred of a kind, item by item", async () => {
    const world = makeWorld();
    for (let n = 0; n < 98; n += 1) {
      await putRecord(world, { enrollmentGroupId: `g${n}`, ...{ attestation } });
    }
    const kind = KINDS[1];
    const { body } = await bulk(
      world,
      kind,
      "create",
      ["x", "y", "z"].map((id) => item(kind, id)),
    );
    expect(body.errors).toMatchObject([{ enrollmentGroupId: "z", errorCode: 400004 }]);
    const ca = await rootCa("Root");
    const x509 = item(kind, "z", x509Attestation(ca));
    expect(await bulk(world, kind, "create", [x509])).toMatchObject(DONE);
    const kept = (await get(world, kind, "z")).body;
    expect(JSON.stringify(kept)).not.toContain(uploadable(ca));
    expect(await bulk(world, kind, "update", [kept])).toMatchObject(DONE);
  });
});
