import { describe, expect, it } from "vitest";
import { issue, peerOf, rootCa } from "../testing/pki.ts";
import { type Answer, makeWorld, type World, x509Attestation } from "../testing/world.ts";
import { authenticate } from "./authenticate.ts";
import { register } from "./register.ts";

const code = ({ status, body }: Answer) => [status, body?.errorCode];

async function enrolledWorld(options: Parameters<typeof makeWorld>[0] = {}) {
  const world = makeWorld(options);
  const root = await rootCa("Root");
  await world.upload("root", root, { verified: true });
  await world.group("g", root);
  const device = async (id: string) => peerOf(await issue("device", id, root));
  return { world, root, device, peer: await device("dev-1") };
}

const replaceGroup = (world: World, body: object) =>
  world.data("PUT", "/enrollmentGroups/g", {
    body: { enrollmentGroupId: "g", ...body },
    headers: { "if-match": "*" },
  });

describe("a registration", () => {
  it("begins with 202 and the operation to poll", async () => {
    const { world, peer } = await enrolledWorld();
    const { status, headers, body } = await world.register("dev-1", peer);
    expect(status).toBe(202);
    expect(body.operationId).toMatch(/^5\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
    expect(body.status).toBe("assigning");
    expect(headers).toMatchObject({
      "Retry-After": "3",
      Location: `https://localhost:9443/${world.service.idScope}/registrations/dev-1/register`,
    });
  });

  it("is assigning until its time has come, and then assigned", async () => {
    const { world, peer } = await enrolledWorld();
    const { operationId } = (await world.register("dev-1", peer)).body;
    world.forward(2.9);
    expect(await world.poll("dev-1", operationId, peer)).toMatchObject({
      status: 202,
      headers: { "Retry-After": "3" },
      body: {
        operationId,
        status: "assigning",
        registrationState: { registrationId: "dev-1", status: "assigning" },
      },
    });
    world.forward(0.1);
    const { status, body } = await world.poll("dev-1", operationId, peer);
    expect(status).toBe(200);
    expect(body).toMatchObject({ operationId, status: "assigned" });
    expect(Object.keys(body.registrationState)).toEqual([
      "x509",
      "registrationId",
      "createdDateTimeUtc",
      "assignedHub",
      "deviceId",
      "status",
      "substatus",
      "lastUpdatedDateTimeUtc",
      "etag",
    ]);
    expect(body.registrationState).toMatchObject({
      x509: {},
      registrationId: "dev-1",
      assignedHub: "emulated-hub.azure-devices.net",
      deviceId: "dev-1",
      status: "assigned",
      substatus: "initialAssignment",
    });
  });

  it("is final at the first poll where the device was told to wait 0 seconds", async () => {
    const { world, peer } = await enrolledWorld({ retryAfterSeconds: 0 });
    const { headers, body } = await world.register("dev-1", peer);
    expect(headers["Retry-After"]).toBe("0");
    expect((await world.poll("dev-1", body.operationId, peer)).body.status).toBe("assigned");
  });

  it("of a disabled group is accepted, and ends as disabled", async () => {
    const { world, root, peer } = await enrolledWorld();
    await replaceGroup(world, { ...x509Attestation(root), provisioningStatus: "disabled" });
    expect((await world.register("dev-1", peer)).status).toBe(202);
    const { status, body } = await world.enroll("dev-1", peer);
    expect([status, body.status, body.registrationState.status]).toEqual([
      200,
      "disabled",
      "disabled",
    ]);
    expect(body.registrationState).not.toHaveProperty("assignedHub");
    expect((await world.data("GET", "/registrations/dev-1")).body.status).toBe("disabled");
  });

  it("fails where no hub is linked", async () => {
    const { world, peer } = await enrolledWorld();
    world.context.store.write((store) =>
      store.put("service", { ...world.service, linkedHubs: [] }),
    );
    const { status, body } = await world.enroll("dev-1", peer);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "failed",
      registrationState: { status: "failed", errorCode: 400208 },
    });
    expect((await world.data("GET", "/registrations/dev-1")).body.errorCode).toBe(400208);
  });

  it("goes to a hub that the group names, if that one is linked", async () => {
    const { world, root, peer } = await enrolledWorld();
    const linkedHubs = ["a.example", "b.example", "c.example"];
    world.context.store.write((store) => store.put("service", { ...world.service, linkedHubs }));
    const hubOf = async (members: object) => {
      await replaceGroup(world, { ...x509Attestation(root), ...members });
      return (await world.enroll("dev-1", peer)).body.registrationState.assignedHub;
    };
    const named = { allocationPolicy: "static", iotHubs: ["b.example"] };
    expect(await hubOf(named)).toBe("b.example");
    expect(await hubOf({}), "a device stays where it is").toBe("b.example");
    expect(await hubOf({ allocationPolicy: "hashed", iotHubs: ["x.example"] })).toBe(undefined);
    expect(linkedHubs).toContain(await hubOf({}));
  });

  it("made again keeps its birth and its substatus", async () => {
    const { world, peer } = await enrolledWorld();
    const first = (await world.enroll("dev-1", peer)).body.registrationState;
    world.forward(60);
    const second = (await world.enroll("DEV-1", peer)).body.registrationState;
    expect(second).toMatchObject({
      registrationId: "dev-1",
      createdDateTimeUtc: first.createdDateTimeUtc,
      substatus: "initialAssignment",
    });
    expect(second.etag).not.toBe(first.etag);
    expect(second.lastUpdatedDateTimeUtc).not.toBe(first.lastUpdatedDateTimeUtc);
  });

  it("tolerates no body, and refuses one that is about another device or no JSON", async () => {
    const { world, peer } = await enrolledWorld();
    expect((await world.register("dev-1", peer, { body: "" })).status).toBe(202);
    const headers = { "content-encoding": "utf-8" };
    expect((await world.register("dev-1", peer, { body: {}, headers })).status).toBe(202);
    for (const body of [{ registrationId: "dev-2" }, { registrationId: 1 }, "{", "[]", "null"]) {
      expect(code(await world.register("dev-1", peer, { body }))).toEqual([400, 400004]);
    }
  });
});

describe("a poll", () => {
  it("authenticates again", async () => {
    const { world, peer, device } = await enrolledWorld();
    const { operationId } = (await world.register("dev-1", peer)).body;
    world.forward(3);
    expect(code(await world.poll("dev-1", operationId, undefined))).toEqual([401, 401002]);
    expect(code(await world.poll("dev-1", operationId, await device("dev-2")))).toEqual([
      401, 401002,
    ]);
    await world.data("DELETE", "/enrollmentGroups/g");
    expect(code(await world.poll("dev-1", operationId, peer))).toEqual([401, 401002]);
  });

  it("finds only operations of its own device", async () => {
    const { world, peer, device } = await enrolledWorld();
    const { operationId } = (await world.register("dev-1", peer)).body;
    const other = await device("dev-2");
    expect(code(await world.poll("dev-2", operationId, other))).toEqual([404, 404204]);
    await world.register("dev-2", other);
    expect(code(await world.poll("dev-2", operationId, other))).toEqual([404, 404204]);
    expect(code(await world.poll("dev-1", "5.0.0", peer))).toEqual([404, 404204]);
  });
});

describe("a device", () => {
  it("looks up its own registration", async () => {
    const { world, peer } = await enrolledWorld();
    const look = (one = peer) =>
      world.send("POST", `/${world.service.idScope}/registrations/dev-1`, {
        body: { registrationId: "dev-1" },
        peer: one,
      });
    expect(code(await look())).toEqual([404, 404203]);
    await world.enroll("dev-1", peer);
    expect((await look()).body).toMatchObject({ registrationId: "dev-1", status: "assigned" });
    const stranger = peerOf(await rootCa("dev-1"));
    expect(code(await look(stranger))).toEqual([401, 401002]);
  });

  it("is refused when its group went between authentication and registration", async () => {
    const { world, root, peer } = await enrolledWorld();
    const { idScope } = world.service;
    const claim = { idScope, registrationId: "dev-1", peer, token: undefined };
    const device = authenticate(world.context, claim);
    await world.data("DELETE", "/enrollmentGroups/g");
    expect(() => register(world.context, device, Buffer.alloc(0))).toThrow("Unauthorized");
    // A new group of the same id is another one.
    await world.group("g", root);
    expect(() => register(world.context, device, Buffer.alloc(0))).toThrow("Unauthorized");
    expect(code(await world.data("GET", "/registrations/dev-1"))).toEqual([404, 404203]);
  });
});

describe("the registrations of the service", () => {
  it("are read and deleted by id", async () => {
    const { world, peer } = await enrolledWorld();
    await world.enroll("dev-1", peer);
    const { body } = await world.data("GET", "/registrations/DEV-1");
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
    const stale = { headers: { "if-match": "stale" } };
    expect(code(await world.data("DELETE", "/registrations/dev-1", stale))).toEqual([412, 412001]);
    expect((await world.data("DELETE", "/registrations/dev-1")).status).toBe(204);
    expect(code(await world.data("DELETE", "/registrations/dev-1"))).toEqual([404, 404203]);
  });

  it("are paged by group, with or without a query in the body", async () => {
    const { world, device } = await enrolledWorld();
    for (const id of ["a", "b", "c"]) await world.enroll(id, await device(id));
    const ids = ({ body }: Answer) =>
      body.map(({ registrationId }: { registrationId: string }) => registrationId);
    const page = (headers: Record<string, string>, body?: object) =>
      world.data("POST", "/registrations/G/query", { headers, body });
    const first = await page({ "x-ms-max-item-count": "2" });
    expect(first.headers["x-ms-item-type"]).toBe("DeviceRegistration");
    const next = first.headers["x-ms-continuation"] ?? "";
    const second = await page({ "x-ms-continuation": next }, { query: "SELECT *" });
    expect([ids(first), ids(second)]).toEqual([["a", "b"], ["c"]]);
    expect(code(await world.data("POST", "/registrations/other/query"))).toEqual([404, 404202]);
  });

  it("of a group that was deleted are not those of a new one with its id", async () => {
    const { world, root, peer } = await enrolledWorld();
    await world.enroll("dev-1", peer);
    await world.data("DELETE", "/enrollmentGroups/g");
    await world.group("g", root);
    expect((await world.data("POST", "/registrations/g/query")).body).toEqual([]);
    expect((await world.data("GET", "/registrations/dev-1")).status).toBe(200);
  });
});
