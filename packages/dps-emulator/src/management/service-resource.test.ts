import {
  AsyncOperation,
  NameAvailability,
  ProvisioningServiceDescription,
  ProvisioningServiceList,
  parseWire,
  SharedAccessPolicy,
  SharedAccessPolicyList,
  SkuList,
  servicePath,
} from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { manage } from "../testing/management.ts";
import { makeWorld, PORT, type Send, sasToken } from "../testing/world.ts";

function setUp() {
  const world = makeWorld({ start: new Date("2026-01-02T03:04:05Z") });
  const send = manage(world);
  const path = servicePath(world.service);
  const put = (properties: object, sent: Send & { tags?: object } = {}) =>
    send("PUT", path, { body: { properties, tags: sent.tags }, ...sent });
  const get = async () =>
    parseWire(ProvisioningServiceDescription, (await send("GET", path)).body, "a service");
  const keys = async () =>
    parseWire(SharedAccessPolicyList, (await send("POST", `${path}/listkeys`)).body, "keys").value;
  return { world, send, path, put, get, keys };
}

const codeOf = ({
  status,
  body,
}: {
  status: number;
  body: { error?: { code: string }; code?: number };
}) => [status, body.error?.code ?? body.code] as const;

describe("the provisioning service as a resource", () => {
  it("is described as the service describes it", async () => {
    const { world, path, get } = setUp();
    const { subscriptionId, idScope } = world.service;
    const found = await get();
    expect(found).toEqual({
      etag: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
      name: "emulated-dps",
      location: "westus",
      properties: {
        state: "Active",
        provisioningState: "Succeeded",
        iotHubs: [
          {
            name: "emulated-hub.azure-devices.net",
            connectionString:
              "HostName=emulated-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****",
            location: "westus",
          },
        ],
        allocationPolicy: "Hashed",
        serviceOperationsHostName: "emulated-dps.azure-devices-provisioning.net",
        deviceProvisioningHostName: "global.azure-devices-provisioning.net",
        idScope,
      },
      resourcegroup: "emulated-resource-group",
      type: "Microsoft.Devices/provisioningServices",
      id: path,
      subscriptionid: subscriptionId,
      tags: {},
      sku: { name: "S1", tier: "Standard", capacity: 1 },
    });
  });

  it("is the only one in its subscription and its resource group", async () => {
    const { world, send, get } = setUp();
    const { subscriptionId, resourceGroup } = world.service;
    const services = "providers/Microsoft.Devices/provisioningServices";
    for (const path of [
      `/subscriptions/${subscriptionId}/${services}`,
      `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/${services}`,
      `/SUBSCRIPTIONS/${subscriptionId}/resourcegroups/${resourceGroup}/${services.toUpperCase()}/`,
    ]) {
      const { status, body } = await send("GET", path);
      expect(status).toBe(200);
      expect(parseWire(ProvisioningServiceList, body, "services").value).toEqual([await get()]);
    }
  });

  it("has the headers of Azure Resource Manager", async () => {
    const { send, path } = setUp();
    const { headers } = await send("GET", path);
    const id = headers["x-ms-request-id"];
    expect(headers).toMatchObject({
      "Cache-Control": "no-cache",
      Pragma: "no-cache",
      Expires: "-1",
      "X-Content-Type-Options": "nosniff",
      "x-ms-correlation-request-id": id,
      "x-ms-routing-request-id": `WESTUS:20260102T030405Z:${id}`,
      "x-ms-ratelimit-remaining-subscription-reads": "11999",
    });
    const rateOf = async (method: string, at: string) =>
      Object.entries((await send(method, at)).headers).filter(([name]) => name.includes("rate"));
    const writes = [["x-ms-ratelimit-remaining-subscription-writes", "1199"]];
    expect(await rateOf("POST", `${path}/listkeys`)).toEqual(writes);
    expect(await rateOf("PUT", `${path}/certificates/c`)).toEqual(writes);
    expect(await rateOf("DELETE", `${path}/certificates/c`)).toEqual([
      ["x-ms-ratelimit-remaining-subscription-deletes", "14999"],
    ]);
  });

  it("answers a PUT with 201 and an operation, under way as it was recorded", async () => {
    const { send, path, put, get } = setUp();
    const before = await get();
    const { status, body, headers } = await put({}, { tags: { plant: "north" } });
    expect(status).toBe(201);
    const { properties } = parseWire(ProvisioningServiceDescription, body, "a service");
    expect(properties).toMatchObject({
      state: "Transitioning",
      provisioningState: "Accepted",
      idScope: null,
    });
    expect(properties).not.toHaveProperty("authorizationPolicies");
    const address = new URL(headers["azure-asyncoperation"] ?? "");
    expect(address.origin).toBe(`https://localhost:${PORT}`);
    expect(address.search).toBe("?api-version=2022-12-12&asyncinfo");
    const operation = await send("GET", `${address.pathname}${address.search}`);
    expect(parseWire(AsyncOperation, operation.body, "an operation")).toEqual({
      status: "Succeeded",
    });
    const id = decodeURIComponent(address.pathname.split("/").at(-1) ?? "");
    expect(Buffer.from(id, "base64").toString()).toMatch(/^id=os_id_[0-9a-f-]{36};region=westus$/);
    expect((await send("GET", `${path}/operationResults/abc`)).status).toBe(404);
    const after = await get();
    expect(after).toEqual({ ...before, etag: body.etag, tags: { plant: "north" } });
    expect(after.etag).not.toBe(before.etag);
  });

  it("keeps what a PUT does not send", async () => {
    const { put, get, keys } = setUp();
    const before = [await get(), await keys()];
    await put({ iotHubs: null, authorizationPolicies: null });
    const after = await get();
    expect([{ ...after, etag: (before[0] as typeof after).etag }, await keys()]).toEqual(before);
  });

  it("can be linked to other IoT hubs, of whose keys nothing is kept", async () => {
    const { world, put, get } = setUp();
    const connectionString =
      "HostName=North.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0";
    const iotHubs = [
      { connectionString, location: "westus2", allocationWeight: 2, applyAllocationPolicy: true },
      { name: "emulated-hub.azure-devices.net", connectionString: "", location: "westus" },
      { hostName: "south.azure-devices.net", location: "eastus" },
    ];
    expect((await put({ iotHubs, allocationPolicy: "GeoLatency" })).status).toBe(201);
    const { properties } = await get();
    expect(properties.allocationPolicy).toBe("GeoLatency");
    expect(properties.iotHubs?.map(({ name, location }) => [name, location])).toEqual([
      ["North.azure-devices.net", "westus2"],
      ["emulated-hub.azure-devices.net", "westus"],
      ["south.azure-devices.net", "eastus"],
    ]);
    expect(properties.iotHubs?.[0]).toMatchObject({
      allocationWeight: 2,
      applyAllocationPolicy: true,
    });
    expect(JSON.stringify(world.context.store.read((store) => store.list("")))).not.toContain(
      "c2VjcmV0",
    );
    for (const bad of [
      [{ location: "westus" }],
      [{ hostName: "a/b", location: "westus" }],
      [{ hostName: "hub.example" }],
      ...[-1, 0.5, 1e300].map((allocationWeight) => [
        { hostName: "hub.example", location: "westus", allocationWeight },
      ]),
      ["hub.example", "HUB.example"].map((hostName) => ({ hostName, location: "westus" })),
      Array.from({ length: 51 }, (_, n) => ({ hostName: `h${n}.example`, location: "westus" })),
    ]) {
      expect(codeOf(await put({ iotHubs: bad }))).toEqual([400, 400123]);
    }
    expect((await get()).properties.iotHubs).toHaveLength(3);
  });

  it("has its tags changed by PATCH, with its etag or without one", async () => {
    const { send, path, get } = setUp();
    const { etag } = await get();
    const patch = (tags: unknown, ifMatch?: string) =>
      send("PATCH", path, {
        body: { tags },
        ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
      });
    const { status, body } = await patch({ plant: "north" }, `"${etag}"`);
    expect(status).toBe(200);
    expect(parseWire(ProvisioningServiceDescription, body, "a service").tags).toEqual({
      plant: "north",
    });
    expect(codeOf(await patch({ plant: "south" }, etag ?? undefined))).toEqual([412, 412001]);
    expect((await patch({ plant: "south" })).status).toBe(200);
    expect(codeOf(await patch({ plant: 1 }))).toEqual([400, 400123]);
    expect((await get()).tags).toEqual({ plant: "south" });
  });

  it("is neither deleted nor joined by another", async () => {
    const { world, send, path, get } = setUp();
    expect(codeOf(await send("DELETE", path))).toEqual([409, "OperationNotAllowed"]);
    const other = servicePath({ ...world.service, dpsName: "second-dps" });
    const body = { location: "westus", sku: { name: "S1", capacity: 1 }, properties: {} };
    expect(codeOf(await send("PUT", other, { body }))).toEqual([409, "OperationNotAllowed"]);
    for (const method of ["GET", "PATCH", "DELETE"]) {
      expect(codeOf(await send(method, other, { body }))).toEqual([404, "ResourceNotFound"]);
    }
    expect((await get()).name).toBe("emulated-dps");
  });

  it("has one sku, and a name that is taken", async () => {
    const { world, send, path } = setUp();
    const skus = await send("GET", `${path}/skus`);
    expect(parseWire(SkuList, skus.body, "skus")).toEqual({ value: [{ name: "S1" }] });
    const check = async (name: string) => {
      const at = `/subscriptions/${world.service.subscriptionId}/providers/Microsoft.Devices/checkProvisioningServiceNameAvailability`;
      const { status, body } = await send("POST", at, { body: { name } });
      expect(status).toBe(200);
      return parseWire(NameAvailability, body, "an availability");
    };
    // "Invalid" for a name that is available: so it was recorded.
    expect(await check("another-dps")).toEqual({
      nameAvailable: true,
      reason: "Invalid",
      message: null,
    });
    expect(await check("Emulated-DPS")).toMatchObject({
      nameAvailable: false,
      reason: "AlreadyExists",
    });
    for (const name of ["", "ab", "-abc", "abc-", "123", "a_b", "a".repeat(65)]) {
      expect(await check(name)).toMatchObject({ nameAvailable: false, reason: "Invalid" });
    }
  });
});

describe("the keys of the service", () => {
  it("are listed, all or one, in any case of letters", async () => {
    const { world, send, path, keys } = setUp();
    expect(await keys()).toEqual(world.service.policies);
    expect((await keys())[0]?.rights).toBe("ServiceConfig, DeviceConnect, EnrollmentWrite");
    const one = await send("POST", `${path}/keys/ProvisioningServiceOwner/listkeys`);
    expect(parseWire(SharedAccessPolicy, one.body, "a policy")).toEqual(world.service.policies[0]);
    const none = await send("POST", `${path}/keys/nobody/listkeys`);
    expect(codeOf(none)).toEqual([404, "ResourceNotFound"]);
    expect((await send("GET", `${path}/listkeys`)).status).toBe(405);
  });

  it("are added by a PUT, which echoes them, and sign at once", async () => {
    const { world, put, keys, get } = setUp();
    const [owner] = await keys();
    const policy = { keyName: "reader", rights: "enrollmentread,RegistrationStatusRead" };
    const { body } = await put({ authorizationPolicies: [owner, policy] });
    const [, reader] = await keys();
    expect(body.properties.authorizationPolicies).toEqual([owner, reader]);
    expect(reader?.rights).toBe("EnrollmentRead, RegistrationStatusRead");
    expect(Buffer.from(reader?.primaryKey ?? "", "base64")).toHaveLength(32);
    expect(reader?.primaryKey).not.toBe(reader?.secondaryKey);
    const authorization = sasToken(world.service, {
      policy: "reader",
      key: reader?.primaryKey ?? "",
      expiresAt: new Date(world.context.now().getTime() + 60_000),
    });
    const read = await world.send("GET", "/enrollmentGroups/g", { headers: { authorization } });
    expect(read.status).toBe(404);
    const written = await world.send("DELETE", "/enrollmentGroups/g", {
      headers: { authorization },
    });
    expect(written.status).toBe(401);
    expect((await get()).properties).not.toHaveProperty("authorizationPolicies");
  });

  it("are kept under their name, or replaced by the ones that are sent", async () => {
    const { put, keys } = setUp();
    const [owner] = await keys();
    const primaryKey = Buffer.alloc(32, 1).toString("base64");
    await put({ authorizationPolicies: [{ ...owner, primaryKey }] });
    expect(await keys()).toEqual([{ ...owner, primaryKey }]);
    await put({ authorizationPolicies: [{ keyName: owner?.keyName, rights: owner?.rights }] });
    expect(await keys()).toEqual([{ ...owner, primaryKey }]);
  });

  it("never lose the owner's policy", async () => {
    const { put, keys } = setUp();
    const [owner] = await keys();
    await put({ authorizationPolicies: [{ keyName: "reader", rights: "EnrollmentRead" }] });
    expect((await keys()).map(({ keyName }) => keyName)).toEqual([owner?.keyName, "reader"]);
    await put({ authorizationPolicies: [] });
    expect(await keys()).toEqual([owner]);
  });

  it("are refused when they are none, without being quoted", async () => {
    const { put, keys } = setUp();
    const before = await keys();
    const secret = "not-a-key";
    for (const bad of [
      [{ keyName: "reader", rights: "EnrollmentRead, Everything" }],
      [{ keyName: "reader", rights: "" }],
      [{ keyName: "a b", rights: "EnrollmentRead" }],
      [{ keyName: "reader", rights: "EnrollmentRead", primaryKey: secret }],
      [{ keyName: "reader", rights: "EnrollmentRead", secondaryKey: "AAAA" }],
      ["reader", "READER"].map((keyName) => ({ keyName, rights: "EnrollmentRead" })),
    ]) {
      const answer = await put({ authorizationPolicies: bad });
      expect(codeOf(answer)).toEqual([400, 400123]);
      expect(JSON.stringify(answer.body)).not.toContain(secret);
    }
    expect(await keys()).toEqual(before);
  });
});
