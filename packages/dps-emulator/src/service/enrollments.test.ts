import { beforeAll, describe, expect, it } from "vitest";
import { type Identity, issue, peerOf, rootCa, uploadable } from "../testing/pki.ts";
import { askService, codeOf, putRecord } from "../testing/service-plane.ts";
import { makeWorld, type World } from "../testing/world.ts";

const symmetric = { attestation: { type: "symmetricKey" } };
const put = (world: World, id: string, members: object = symmetric, ifMatch?: string) =>
  putRecord(world, { registrationId: id, ...members }, ifMatch);
const get = (world: World, id: string) => askService(world, "GET", `/enrollments/${id}`);
const remove = (world: World, id: string, headers = {}) =>
  askService(world, "DELETE", `/enrollments/${id}`, { headers });

let root: Identity;
let device: Identity;
beforeAll(async () => {
  root = await rootCa("Root");
  device = await issue("device", "dev-1", root);
});
const client = () => ({
  attestation: {
    type: "x509",
    x509: { clientCertificates: { primary: { certificate: uploadable(device) } } },
  },
});

describe("an individual enrollment", () => {
  it("answers its members in the service's order, and drops every null but one", async () => {
    const world = makeWorld({ start: new Date("2023-05-19T23:10:35.770Z") });
    const { status, body } = await put(world, "Dev-1", {
      attestation: { type: "symmetricKey", x509: null, tpm: null, symmetricKey: null },
      provisioningStatus: null,
      deviceId: "pump@7",
      iotHubHostName: null,
      initialTwin: null,
      capabilities: null,
      reprovisionPolicy: null,
      iotHubs: null,
      customAllocationDefinition: null,
      allocationPolicy: "hashed",
      optionalDeviceInformation: { model: "x" },
      etag: null,
      createdDateTimeUtc: "1999-01-01T00:00:00Z",
      somethingNew: [1],
    });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "registrationId",
      "deviceId",
      "optionalDeviceInformation",
      "attestation",
      "etag",
      "provisioningStatus",
      "createdDateTimeUtc",
      "lastUpdatedDateTimeUtc",
      "allocationPolicy",
      "somethingNew",
    ]);
    expect(body).toMatchObject({
      registrationId: "Dev-1",
      provisioningStatus: null,
      createdDateTimeUtc: "2023-05-19T23:10:35.77Z",
    });
  });

  it("is created without If-Match, and then 409 in any case of letters", async () => {
    const world = makeWorld();
    expect((await put(world, "Dev-1")).body.provisioningStatus).toBe("enabled");
    const again = await put(world, "dEV-1");
    expect(codeOf(again)).toEqual([409, 409201]);
    expect(again.body.message).toBe("Enrollment already exists.");
    expect(again.headers["x-ms-error-code"]).toBe("409201");
  });

  it("is replaced with its current etag or *, and keeps its name and its birth", async () => {
    const world = makeWorld();
    const { body: first } = await put(world, "Dev-1");
    world.forward(10);
    const { body: second } = await put(world, "dev-1", symmetric, first.etag);
    expect(second).toMatchObject({
      registrationId: "Dev-1",
      createdDateTimeUtc: first.createdDateTimeUtc,
    });
    expect(second.etag).not.toBe(first.etag);
    expect(second.lastUpdatedDateTimeUtc > first.lastUpdatedDateTimeUtc).toBe(true);
    for (const stale of [first.etag, `"${second.etag}"`, "**"]) {
      const refused = await put(world, "dev-1", symmetric, stale);
      expect(codeOf(refused)).toEqual([412, 412001]);
      expect(refused.body.message).toMatch(/^ETag is invalid/);
    }
    expect((await put(world, "dev-1", symmetric, "*")).status).toBe(200);
    expect(codeOf(await put(world, "new", symmetric, "*"))).toEqual([412, 412001]);
    expect(codeOf(await get(world, "new"))).toEqual([404, 404201]);
  });

  it("is replaced as a whole: what is not sent again is gone", async () => {
    const world = makeWorld();
    await put(world, "d", { ...symmetric, deviceId: "x", initialTwin: { tags: { a: 1 } } });
    const { body } = await put(world, "d", symmetric, "*");
    expect(body).not.toHaveProperty("deviceId");
    expect(body).not.toHaveProperty("initialTwin");
  });

  it("is deleted once, with its etag if one is named", async () => {
    const world = makeWorld();
    const { body } = await put(world, "d");
    expect(codeOf(await remove(world, "D", { "if-match": "stale" }))).toEqual([412, 412001]);
    const gone = await remove(world, "D", { "if-match": body.etag });
    expect(gone).toMatchObject({ status: 204, body: undefined });
    expect(codeOf(await remove(world, "d"))).toEqual([404, 404201]);
    await put(world, "d");
    expect((await remove(world, "d")).status).toBe(204);
    await put(world, "d");
    expect((await remove(world, "d", { "if-match": "*" })).status).toBe(204);
  });

  it("has an id of the service's form, the same in path and body", async () => {
    const world = makeWorld();
    for (const id of ["a.", "a b", "ä", "\u212a", "a/b", "x".repeat(129)]) {
      const answer = await put(world, id);
      expect(codeOf(answer)).toEqual([400, 400004]);
      expect(answer.body.message).toContain("The registration id is not valid");
    }
    const body = { registrationId: "e", ...symmetric };
    expect(codeOf(await askService(world, "PUT", "/enrollments/d", { body }))).toEqual([
      400, 400004,
    ]);
    for (const id of ["a:b_c.d-", "x".repeat(128), "query", "1e3"]) {
      expect((await put(world, id)).body.registrationId).toBe(id);
      expect((await get(world, id.toUpperCase())).body.registrationId).toBe(id);
    }
    await put(world, "k");
    expect(codeOf(await get(world, encodeURIComponent("\u212a")))).toEqual([404, 404201]);
  });

  it("has a device id that a hub takes", async () => {
    const world = makeWorld();
    for (const deviceId of ["a/b", "ä", "x".repeat(129), "a b"]) {
      expect(codeOf(await put(world, "d", { ...symmetric, deviceId }))).toEqual([400, 400004]);
    }
    expect((await put(world, "d", { ...symmetric, deviceId: "a#b@c" })).status).toBe(200);
  });

  it.each([
    [{ iotHubs: ["emulated-hub.azure-devices.net"] }, /allocationPolicy must be specified/],
    [{ allocationPolicy: "nearest" }, /allocationPolicy is none of/],
    [{ allocationPolicy: "custom" }, /needs a customAllocationDefinition/],
    [{ customAllocationDefinition: { webhookUrl: "https://x.example/" } }, /apiVersion/],
    [webhook("http://hook.example/"), /https URL/],
    [webhook("http://127.0.0.1.example/"), /https URL/],
    [webhook("file:///etc/passwd"), /https URL/],
    [webhook("hook"), /https URL/],
    [webhook("https://hook.example/", "2018-08-31-preview"), /2018-09-01-preview or later/],
    [webhook("https://hook.example/", "latest"), /YYYY-MM-DD/],
    [{ provisioningStatus: "sometimes" }, /provisioningStatus/],
    [{ initialTwin: "x" }, /initialTwin/],
  ])("is refused with %j", async (members, message) => {
    const world = makeWorld();
    const answer = await put(world, "d", { ...symmetric, ...members });
    expect(codeOf(answer)).toEqual([400, 400004]);
    expect(answer.body.message).toMatch(message);
    expect(codeOf(await get(world, "d"))).toEqual([404, 404201]);
  });

  it.each([
    "https://hook.example/api?code=1",
    "http://localhost:7071/api",
    "http://127.0.0.1:1/",
    "http://[::1]:1/",
  ])("may have the webhook %s", async (url) => {
    const { body } = await put(makeWorld(), "d", { ...symmetric, ...webhook(url) });
    expect(body.customAllocationDefinition.webhookUrl).toBe(url);
  });

  it("may come in hundreds: only groups are counted", async () => {
    const world = makeWorld();
    for (let n = 0; n < 120; n += 1) expect((await put(world, `d${n}`)).status).toBe(200);
  });

  it("is no place for a prototype", async () => {
    const world = makeWorld();
    const members = `"__proto__":{"deviceId":"evil","isAdmin":true},"initialTwin":{"tags":{"__proto__":{"isAdmin":true}}}`;
    const text = `{"registrationId":"d","attestation":{"type":"symmetricKey"},${members}}`;
    const made = await askService(world, "PUT", "/enrollments/d", { body: text });
    expect(made.status).toBe(200);
    const { body } = await get(world, "d");
    for (const answer of [made.body, body]) {
      expect(answer.isAdmin).toBeUndefined();
      expect(answer.deviceId).toBeUndefined();
      // The twin is the client's own data, and comes back as it was.
      expect(JSON.stringify(answer.initialTwin)).toBe('{"tags":{"__proto__":{"isAdmin":true}}}');
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const query = "SELECT * WHERE initialTwin.tags.isAdmin = true";
    const found = await askService(world, "POST", "/enrollments/query", { body: { query } });
    expect(found.body).toEqual([]);
  });
});

function webhook(webhookUrl: string, apiVersion = "2021-10-01") {
  return {
    allocationPolicy: "custom",
    customAllocationDefinition: { webhookUrl, apiVersion },
  };
}

describe("the registration state of an individual enrollment", () => {
  const unassigned = { registrationId: "Dev-1", status: "unassigned" };

  it("is told by GET alone, and is unassigned at first", async () => {
    const world = makeWorld();
    const made = await put(world, "Dev-1", client());
    expect(made.body).not.toHaveProperty("registrationState");
    const { body } = await get(world, "dev-1");
    expect(body.registrationState).toEqual(unassigned);
    const found = await askService(world, "POST", "/enrollments/query", {
      body: { query: "SELECT *" },
    });
    expect(found.body).toHaveLength(1);
    expect(found.body[0]).not.toHaveProperty("registrationState");
    const { registrationState, ...others } = body;
    expect(others).toEqual(made.body);
  });

  it("is the device's registration once there is one, and no client sets it", async () => {
    const world = makeWorld();
    await put(world, "Dev-1", client());
    const peer = peerOf(device);
    expect((await world.enroll("dev-1", peer)).body.status).toBe("assigned");
    const { body } = await get(world, "dev-1");
    const { body: registration } = await askService(world, "GET", "/registrations/dev-1");
    expect(body.registrationState).toEqual(registration);
    const forged = { ...body, registrationState: { status: "disabled" } };
    await put(world, "dev-1", forged, body.etag);
    expect((await get(world, "dev-1")).body.registrationState.status).toBe("assigned");
  });

  it("is not that of an enrollment of the same id before it", async () => {
    const world = makeWorld();
    await put(world, "Dev-1", client());
    await world.enroll("dev-1", peerOf(device));
    await remove(world, "dev-1");
    await put(world, "Dev-1", client());
    expect((await get(world, "dev-1")).body.registrationState).toEqual(unassigned);
  });
});
