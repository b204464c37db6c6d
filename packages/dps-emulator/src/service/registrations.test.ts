import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deviceOf, deviceToken } from "../testing/device.ts";
import { askService, codeOf, putRecord } from "../testing/service-plane.ts";
import { type Answer, makeWorld, type World } from "../testing/world.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const attestation = {
  type: "symmetricKey",
  symmetricKey: { primaryKey: KEY, secondaryKey: Buffer.alloc(32, 8).toString("base64") },
};

const makeGroup = (world: World, id = "g", key = KEY, members: object = {}) =>
  putRecord(world, {
    enrollmentGroupId: id,
    ...{
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: key } },
      ...members,
    },
  });

/** Registers a device of a group by symmetric key. */
async function register(world: World, id: string, groupKey = KEY): Promise<void> {
  const key = createHmac("sha256", Buffer.from(groupKey, "base64")).update(id).digest("base64");
  const sr = `${world.service.idScope}%2Fregistrations%2F${id}`;
  const expiresAt = new Date(world.context.now().getTime() + 60_000);
  const answer = await deviceOf(world, id, { token: deviceToken({ sr, key, expiresAt }) }).enroll();
  expect(answer.status).toBe(200);
}

const get = (world: World, id: string) => askService(world, "GET", `/registrations/${id}`);
const remove = (world: World, id: string, headers = {}) =>
  askService(world, "DELETE", `/registrations/${id}`, { headers });
const query = (world: World, group: string, options: { text?: string; headers?: object } = {}) =>
  askService(world, "POST", `/registrations/${group}/query`, {
    ...(options.text === undefined ? {} : { body: { query: options.text } }),
    headers: { ...options.headers },
  });
const idsOf = ({ body }: Answer): string[] =>
  body.map(({ registrationId }: { registrationId: string }) => registrationId);

describe("a registration", () => {
  it("is told in the service's order, by its id in any case of letters", async () => {
    const world = makeWorld();
    await makeGroup(world);
    await register(world, "Dev-1");
    const { status, body } = await get(world, "dEV-1");
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "registrationId",
      "createdDateTimeUtc",
      "assignedHub",
      "deviceId",
      "status",
      "substatus",
      "lastUpdatedDateTimeUtc",
      "etag",
    ]);
    expect(body).toMatchObject({
      registrationId: "Dev-1",
      assignedHub: "emulated-hub.azure-devices.net",
      deviceId: "Dev-1",
      status: "assigned",
      substatus: "initialAssignment",
    });
  });

  it("is 404 where there is none, or where its id could be none", async () => {
    const world = makeWorld();
    await makeGroup(world);
    await register(world, "k");
    for (const id of ["nobody", "bad%20id", "%E2%84%AA", "__proto__"]) {
      for (const answer of [await get(world, id), await remove(world, id)]) {
        expect(codeOf(answer)).toEqual([404, 404203]);
        expect(answer.body.message).toBe("Registration not found.");
      }
    }
  });

  it("is deleted once, with its etag if one is named, and may be made again", async () => {
    const world = makeWorld();
    await makeGroup(world);
    await register(world, "d");
    const { body } = await get(world, "d");
    expect(codeOf(await remove(world, "d", { "if-match": "stale" }))).toEqual([412, 412001]);
    const quoted = { "if-match": `"${body.etag}"` };
    expect(codeOf(await remove(world, "d", quoted))).toEqual([412, 412001]);
    expect((await get(world, "d")).status).toBe(200);
    const gone = await remove(world, "D", { "if-match": body.etag });
    expect(gone).toMatchObject({ status: 204, body: undefined });
    expect(codeOf(await get(world, "d"))).toEqual([404, 404203]);
    expect((await query(world, "g")).body).toEqual([]);
    await register(world, "d");
    expect((await remove(world, "d")).status).toBe(204);
    await register(world, "d");
    expect((await remove(world, "d", { "if-match": "*" })).status).toBe(204);
  });

  it("of an individual enrollment is told too, and leaves it unassigned once deleted", async () => {
    const world = makeWorld();
    await putRecord(world, { registrationId: "d", ...{ attestation, deviceId: "pump" } });
    const sr = `${world.service.idScope}%2Fregistrations%2Fd`;
    const expiresAt = new Date(world.context.now().getTime() + 60_000);
    await deviceOf(world, "d", { token: deviceToken({ sr, key: KEY, expiresAt }) }).enroll();
    expect((await get(world, "d")).body).toMatchObject({ status: "assigned", deviceId: "pump" });
    expect((await remove(world, "d")).status).toBe(204);
    const { body } = await askService(world, "GET", "/enrollments/d");
    expect(body.registrationState).toEqual({ registrationId: "d", status: "unassigned" });
  });

  it("of a disabled group says so", async () => {
    const world = makeWorld();
    await makeGroup(world, "g", KEY, { provisioningStatus: "disabled" });
    await register(world, "d");
    const { body } = await get(world, "d");
    expect(body.status).toBe("disabled");
    expect(body).not.toHaveProperty("assignedHub");
  });
});

describe("a query for the registrations of a group", () => {
  const OTHER = Buffer.alloc(32, 9).toString("base64");

  it("tells those of this group alone, with a query or without a body", async () => {
    const world = makeWorld();
    await makeGroup(world, "g");
    await makeGroup(world, "h", OTHER);
    for (const id of ["b", "A"]) await register(world, id);
    await register(world, "c", OTHER);
    const answer = await query(world, "G");
    expect(idsOf(answer)).toEqual(["A", "b"]);
    expect(answer.headers["x-ms-item-type"]).toBe("DeviceRegistration");
    expect(answer.body[0]).toEqual((await get(world, "a")).body);
    expect(idsOf(await query(world, "g", { text: "SELECT *" }))).toEqual(["A", "b"]);
    expect(idsOf(await query(world, "h", { text: "*" }))).toEqual(["c"]);
  });

  it("picks by a condition", async () => {
    const world = makeWorld();
    await makeGroup(world);
    for (const id of ["a", "b"]) await register(world, id);
    const by = async (condition: string) =>
      idsOf(await query(world, "g", { text: `SELECT * WHERE ${condition}` }));
    expect(await by("status = 'assigned' AND registrationId <> 'A'")).toEqual(["b"]);
    expect(await by("status = 'failed'")).toEqual([]);
    const refused = await query(world, "g", { text: "SELECT * WHERE operations = 1" });
    expect(codeOf(refused)).toEqual([400, 400004]);
    expect(codeOf(await query(world, "g", { text: "what?" }))).toEqual([400, 400004]);
  });

  it("pages, and its continuation is of this group alone", async () => {
    const world = makeWorld();
    await makeGroup(world, "g");
    await makeGroup(world, "h", OTHER);
    for (const id of ["a", "b", "c"]) await register(world, id);
    for (const id of ["d", "e"]) await register(world, id, OTHER);
    const first = await query(world, "g", { headers: { "x-ms-max-item-count": "2" } });
    expect(idsOf(first)).toEqual(["a", "b"]);
    const headers = { "x-ms-continuation": first.headers["x-ms-continuation"] ?? "" };
    const second = await query(world, "g", { headers });
    expect(idsOf(second)).toEqual(["c"]);
    expect(second.headers).not.toHaveProperty("x-ms-continuation");
    expect(codeOf(await query(world, "h", { headers }))).toEqual([400, 400004]);
  });

  it("is 404 where there is no such group, and a new group does not have the old one's", async () => {
    const world = makeWorld();
    for (const id of ["g", "bad%20id"]) {
      expect(codeOf(await query(world, id))).toEqual([404, 404202]);
    }
    await makeGroup(world);
    await register(world, "a");
    await askService(world, "DELETE", "/enrollmentGroups/g");
    expect(codeOf(await query(world, "g"))).toEqual([404, 404202]);
    await makeGroup(world);
    expect((await query(world, "g")).body).toEqual([]);
    expect((await get(world, "a")).status).toBe(200);
  });
});
