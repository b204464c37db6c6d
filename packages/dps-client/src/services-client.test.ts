import { describe, expect, it } from "vitest";
import { staticToken } from "./authorization.ts";
import { CLOUDS } from "./clouds.ts";
import { isLoopback, parseEndpoint } from "./endpoint.ts";
import { ProvisioningServicesClient } from "./services-client.ts";
import { fakeRuntime } from "./testing/fake-runtime.ts";
import { type SeenRequest, type Step, scriptedService } from "./testing/scripted-service.ts";

const ENDPOINT = CLOUDS.AzureCloud.managementEndpoint;
const [SUB1, SUB2] = [
  "00000000-0000-0000-0000-000000000001",
  "00000000-0000-0000-0000-000000000002",
];
const RESOURCE = { subscriptionId: SUB1, resourceGroup: "rg", dpsName: "dps1" };

function service(name: string, subscription = SUB1, properties: object = {}) {
  return {
    id: `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.Devices/ProvisioningServices/${name}`,
    name,
    type: "Microsoft.Devices/provisioningServices",
    location: "westus",
    etag: "AAAAAA/P24M=",
    sku: { name: "S1", tier: "Standard", capacity: 1 },
    properties: {
      state: "Active",
      serviceOperationsHostName: `${name}.azure-devices-provisioning.net`,
      deviceProvisioningHostName: "global.azure-devices-provisioning.net",
      idScope: "0ne005CB7A6",
      ...properties,
    },
  };
}
const subscription = (subscriptionId = SUB1) => ({
  id: `/subscriptions/${subscriptionId}`,
  subscriptionId,
  displayName: "one",
  state: "Enabled",
});
const policy = (keyName: string, rights: string, keys: object = { primaryKey: "a2V5MQ==" }) => ({
  keyName,
  rights,
  ...keys,
});
const OWNER = policy("provisioningserviceowner", "ServiceConfig, DeviceConnect, EnrollmentWrite");

type Steps = readonly (Step | ((request: SeenRequest) => Step))[];

function clientFor(steps: Steps) {
  const scripted = scriptedService(ENDPOINT, steps);
  const client = new ProvisioningServicesClient({
    credential: staticToken("arm-token"),
    dispatcher: scripted.dispatcher,
    runtime: fakeRuntime(),
  });
  return { ...scripted, client };
}
const page = (value: object[], nextLink?: unknown): Step => ({ body: { value, nextLink } });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("lists", () => {
  it("follow their links over all pages, each with the token", async () => {
    const next = `${ENDPOINT}/subscriptions?api-version=2022-12-01&$skiptoken=a%2Fb`;
    const { client, seen } = clientFor([page([subscription()], next), page([subscription(SUB2)])]);
    const found = await all(client.subscriptions());
    expect(found.map(({ subscriptionId }) => subscriptionId)).toEqual([SUB1, SUB2]);
    expect(seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/subscriptions?api-version=2022-12-01", "Bearer arm-token"],
      ["/subscriptions?api-version=2022-12-01&$skiptoken=a%2Fb", "Bearer arm-token"],
    ]);
  });

  it("are of a subscription, or of a group of it", async () => {
    const { client, seen } = clientFor([page([service("dps1")]), page([])]);
    expect(await all(client.list({ subscriptionId: SUB1 }))).toMatchObject([{ name: "dps1" }]);
    await all(client.list({ subscriptionId: SUB1, resourceGroup: "a/b" }));
    const rest = "/providers/Microsoft.Devices/provisioningServices?api-version=2022-12-12";
    expect(seen.map(({ path }) => path)).toEqual([
      `/subscriptions/${SUB1}${rest}`,
      `/subscriptions/${SUB1}/resourceGroups/a%2Fb${rest}`,
    ]);
  });

  it.each([
    "https://management.azure.com.evil.example/x",
    "https://management.azure.com:444/x",
    "http://management.azure.com/x",
    "https://u:p@management.azure.com/x",
    "/x",
    7,
  ])("do not take the token to %j", async (nextLink) => {
    const { client, seen } = clientFor([page([subscription()], nextLink), page([])]);
    await expect(all(client.subscriptions())).rejects.toMatchObject({ code: "protocol" });
    expect(seen).toHaveLength(1);
  });

  it("end when the service gives the same page for ever", async () => {
    const next = `${ENDPOINT}/subscriptions?page=2`;
    const { client } = clientFor([page([], next), page([], next), page([], next)]);
    await expect(all(client.subscriptions())).rejects.toMatchObject({ code: "protocol" });
  });
});

describe("find", () => {
  it("looks through everything that the identity sees, without regard to case", async () => {
    const { client } = clientFor([
      page([subscription(), subscription(SUB2)]),
      page([service("other")]),
      page([service("DPS1", SUB2)]),
    ]);
    expect(await client.find("dps1")).toMatchObject({
      subscriptionId: SUB2,
      resourceGroup: "rg",
      dpsName: "DPS1",
      description: { properties: { idScope: "0ne005CB7A6" } },
    });
  });

  it("looks only where it is told to", async () => {
    const { client, seen } = clientFor([page([service("dps1")])]);
    await client.find("dps1", { subscriptionId: SUB1, resourceGroup: "rg" });
    expect(seen.map(({ path }) => path)).toEqual([
      expect.stringContaining(`/subscriptions/${SUB1}/resourceGroups/rg/`),
    ]);
  });

  it("passes over what it may not look into, and says so if nothing is found", async () => {
    const refusal: Step = { status: 403, body: { error: { code: "AuthorizationFailed" } } };
    const seeing = clientFor([
      page([subscription(), subscription(SUB2)]),
      refusal,
      page([service("dps1", SUB2)]),
    ]);
    expect(await seeing.client.find("dps1")).toMatchObject({ subscriptionId: SUB2 });
    const blind = clientFor([page([subscription()]), refusal]);
    await expect(blind.client.find("dps1")).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("(1 subscription); 1 of 1 refused"),
      hint: expect.stringContaining("az account show"),
    });
  });

  it("is not kept from it by a subscription that never had such a service", async () => {
    const code = "MissingSubscriptionRegistration";
    const { client } = clientFor([
      page([subscription(), subscription(SUB2)]),
      { status: 409, body: { error: { code, message: "not registered" } } },
      page([service("dps1", SUB2)]),
    ]);
    expect(await client.find("dps1")).toMatchObject({ subscriptionId: SUB2 });
  });

  it("says what to give when there is none, or when there are several", async () => {
    const none = clientFor([page([])]);
    await expect(none.client.find("dps1", { subscriptionId: SUB1 })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining(`subscription ${SUB1}`),
      hint: expect.stringContaining("leave"),
    });
    const groupless = clientFor([
      page([subscription(), subscription(SUB2)]),
      { status: 404, body: { error: { code: "ResourceGroupNotFound" } } },
      page([]),
    ]);
    await expect(groupless.client.find("dps1", { resourceGroup: "rg" })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringMatching(/in resource group rg of what .* \(2 subscriptions\)$/),
    });
    const two = clientFor([
      page([subscription(), subscription(SUB2)]),
      page([service("dps1")]),
      page([service("dps1", SUB2)]),
    ]);
    await expect(two.client.find("dps1")).rejects.toMatchObject({
      code: "ambiguous",
      message: expect.stringContaining(`rg in ${SUB2}`),
      hint: expect.stringContaining("subscription and the resource group"),
    });
  });

  it("does not take another kind of resource for a service", async () => {
    const { client } = clientFor([page([{ ...service("dps1"), id: "/subscriptions/x" }])]);
    await expect(client.find("dps1", { subscriptionId: SUB1 })).rejects.toMatchObject({
      code: "protocol",
    });
  });

  it("reports what is no answer to the question", async () => {
    const { client } = clientFor([{ status: 401, body: { error: { code: "ExpiredToken" } } }]);
    await expect(client.find("dps1")).rejects.toMatchObject({ code: "unauthorized" });
  });
});

describe("a service", () => {
  it("is got with whatever a newer version says of it", async () => {
    const { client, seen } = clientFor([
      { body: service("dps1", SUB1, { disableLocalAuth: false }) },
    ]);
    expect((await client.get(RESOURCE)).properties).toMatchObject({ disableLocalAuth: false });
    expect(seen[0]).toMatchObject({ method: "GET", path: expect.stringMatching(/\/dps1\?api-v/) });
  });

  it("hands out its keys, all or one", async () => {
    const { client, seen } = clientFor([{ body: { value: [OWNER] } }, { body: OWNER }]);
    expect(await client.listKeys(RESOURCE)).toEqual([OWNER]);
    expect(await client.getKey(RESOURCE, "a policy")).toEqual(OWNER);
    expect(seen).toMatchObject([
      { method: "POST", path: expect.stringMatching(/\/dps1\/listkeys\?/), body: undefined },
      { method: "POST", path: expect.stringMatching(/\/dps1\/keys\/a%20policy\/listkeys\?/) },
    ]);
  });

  it.each(["", ".", ".."])("is not asked for by the name %j", async (dpsName) => {
    const { client, seen } = clientFor([]);
    await expect(client.get({ ...RESOURCE, dpsName })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    expect(seen).toEqual([]);
  });
});

describe("a connection string", () => {
  it("is of the policy that allows least beyond what is asked for", async () => {
    const keys = [
      OWNER,
      policy("reader", "EnrollmentRead"),
      policy("writer", "EnrollmentWrite", { primaryKey: "", secondaryKey: "a2V5Mg==" }),
      policy("keyless", "EnrollmentWrite", { primaryKey: null }),
    ];
    const { client } = clientFor([{ body: service("dps1") }, { body: { value: keys } }]);
    expect(await client.connectionString(RESOURCE)).toBe(
      "HostName=dps1.azure-devices-provisioning.net;SharedAccessKeyName=writer;SharedAccessKey=a2V5Mg==",
    );
  });

  it("counts the right to write as the right to read", async () => {
    const { client } = clientFor([{ body: { value: [OWNER] } }]);
    const description = service("dps1");
    const text = await client.connectionString(RESOURCE, {
      description,
      rights: ["EnrollmentRead", "EnrollmentWrite"],
    });
    expect(text).toContain("provisioningserviceowner");
  });

  it("is refused where the service takes no keys, without asking for them", async () => {
    const { client, seen } = clientFor([
      { body: service("dps1", SUB1, { disableLocalAuth: true }) },
    ]);
    await expect(client.connectionString(RESOURCE)).rejects.toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining("Data Contributor"),
    });
    expect(seen).toHaveLength(1);
  });

  it("is refused where no policy allows what is asked for", async () => {
    const { client } = clientFor([{ body: service("dps1") }, { body: { value: [OWNER] } }]);
    const rights = ["RegistrationStatusWrite"] as const;
    await expect(client.connectionString(RESOURCE, { rights })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("RegistrationStatusWrite"),
    });
  });

  it.each([null, "a;b=c", "a b"])("is refused for the host %j", async (host) => {
    const description = service("dps1", SUB1, { serviceOperationsHostName: host });
    const { client } = clientFor([{ body: { value: [OWNER] } }]);
    await expect(client.connectionString(RESOURCE, { description })).rejects.toMatchObject({
      code: "protocol",
      message: expect.stringContaining("host name"),
    });
  });
});

describe("CLOUDS", () => {
  it.each(Object.entries(CLOUDS))("%s is whole and by one name", (name, cloud) => {
    expect(cloud.name).toBe(name);
    const { managementEndpoint, deviceEndpoint, authorityHost } = cloud;
    for (const url of [managementEndpoint, deviceEndpoint, authorityHost]) {
      expect(isLoopback(parseEndpoint(url).hostname)).toBe(false);
    }
    expect(cloud.deviceEndpoint).toBe(`https://global${cloud.serviceHostSuffix}`);
    expect(cloud.managementScope).toBe(`${cloud.managementEndpoint}/.default`);
  });
});
