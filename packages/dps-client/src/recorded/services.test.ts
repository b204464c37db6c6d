import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ProvisioningServicesClient, staticToken } from "../index.ts";
import { type Playback, type Recorded, startPlayback } from "../testing/playback.ts";
import { MANAGEMENT_HEADERS, printed } from "../testing/recorded.ts";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000000";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/clitest.rg000001`;
const SERVICES = `${GROUP}/providers/Microsoft.Devices/provisioningServices`;
const RESOURCE = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "clitest.rg000001",
  dpsName: "dps000002",
};
const KEY = Buffer.from("a recorder's mock key, 32 bytes.").toString("base64");

let playback: Playback;
beforeAll(async () => {
  playback = await startPlayback();
});
afterAll(() => playback.close());
afterEach(() => expect(playback.outcome()).toEqual({ differences: [], missing: 0 }));

const clientOf = (apiVersion: string) =>
  new ProvisioningServicesClient({
    endpoint: playback.url,
    ca: playback.ca,
    credential: staticToken("token"),
    apiVersion,
  });

const recorded = (request: string, body: unknown): Recorded => ({
  request,
  headers: MANAGEMENT_HEADERS,
  body,
});

// Azure/azure-cli, src/azure-cli/azure/cli/command_modules/iot/tests/latest/recordings/
// test_dps_lifecycle.yaml at 069b9593c8711f42ff12eae6034604606c7f46cc (17 February 2022).
const WHOLE = {
  name: "dps000002",
  location: "westus",
  resourcegroup: "clitest.rg000001",
  type: "Microsoft.Devices/provisioningServices",
  id: `${SERVICES}/dps000002`,
  subscriptionid: "a386d5ea-ea90-441a-8263-d816368c84a1",
  tags: {},
  sku: { name: "S1", tier: "Standard", capacity: 1 },
};
const ACTIVE = {
  etag: "AAAAAA3e0YI=",
  ...WHOLE,
  properties: {
    state: "Active",
    provisioningState: "Succeeded",
    iotHubs: [],
    allocationPolicy: "GeoLatency",
    serviceOperationsHostName: "dps000002.azure-devices-provisioning.net",
    deviceProvisioningHostName: "global.azure-devices-provisioning.net",
    idScope: "0ne004E2F06",
  },
};
const OWNER = {
  keyName: "provisioningserviceowner",
  primaryKey: KEY,
  secondaryKey: KEY,
  rights: "ServiceConfig, DeviceConnect, EnrollmentWrite",
};
const CUSTOM = { keyName: "writer", primaryKey: KEY, secondaryKey: KEY, rights: "EnrollmentWrite" };

it("finds a service, and reads its keys, whose rights are one text", async () => {
  const service = `${SERVICES}/dps000002`;
  const version = "?api-version=2021-10-15";
  playback.play([
    recorded(`GET ${SERVICES}${version}`, { value: [ACTIVE] }),
    recorded(`GET ${service}${version}`, ACTIVE),
    recorded(`POST ${service}/listkeys${version}`, { value: [OWNER, CUSTOM] }),
    recorded(`POST ${service}/keys/writer/listkeys${version}`, CUSTOM),
    recorded(`POST ${service}/listkeys${version}`, { value: [OWNER, CUSTOM] }),
  ]);
  await using client = clientOf("2021-10-15");
  const scope = { subscriptionId: SUBSCRIPTION, resourceGroup: "clitest.rg000001" };
  const found = await client.find("DPS000002", scope);
  expect(found).toMatchObject(RESOURCE);
  const description = await client.get(RESOURCE);
  expect(description.properties.idScope).toBe("0ne004E2F06");
  expect(await client.listKeys(RESOURCE)).toEqual([OWNER, CUSTOM]);
  expect(await client.getKey(RESOURCE, "writer")).toEqual(CUSTOM);
  // The one that allows no more than is asked for.
  expect(await client.connectionString(RESOURCE, { description })).toBe(
    `HostName=dps000002.azure-devices-provisioning.net;SharedAccessKeyName=writer;SharedAccessKey=${KEY}`,
  );
});

it.each([
  ["made, without an etag", "Activating", {}],
  ["changed", "Transitioning", { etag: "AAAAAA3ez90=", iotHubs: [] }],
])("reads a service that is being %s, whose ID scope is null", async (_, state, more) => {
  const { etag, ...properties } = more as { etag?: string };
  const body = {
    ...(etag === undefined ? {} : { etag }),
    ...WHOLE,
    properties: { state, provisioningState: "Accepted", idScope: null, ...properties },
  };
  // As the 201 to a PUT shows it, for a client that asks meanwhile.
  playback.play([recorded(`GET ${SERVICES}/dps000002?api-version=2021-10-15`, body)]);
  await using client = clientOf("2021-10-15");
  expect(await client.get(RESOURCE)).toEqual(body);
});

// Azure/azure-powershell, …/SessionRecords/…/IotDpsEnrollmentGroupLifeCycle.json at
// 03e3926630f982deb34437a8b33e4631b5782079 (16 September 2020).
it("reads an old version's service: its hub's key is masked, its sku has no capacity", async () => {
  const hub = "ps2498.azure-devices.net";
  const body = {
    ...ACTIVE,
    properties: {
      ...ACTIVE.properties,
      iotHubs: [
        {
          applyAllocationPolicy: false,
          name: hub,
          connectionString: `HostName=${hub};SharedAccessKeyName=ServiceKey;SharedAccessKey=****`,
          location: "West US",
        },
      ],
    },
    sku: { name: "S1", tier: "Standard" },
  };
  const request = `GET ${SERVICES}/dps000002?api-version=2017-11-15`;
  playback.play([recorded(request, printed(body))]);
  await using client = clientOf("2017-11-15");
  expect((await client.get(RESOURCE)).properties.iotHubs?.[0]?.name).toBe(hub);
});

// Azure/azure-powershell, …/SessionRecords/…/IotDpsRegistrationLifeCycle.json at
// 21314feee9f22641f4cbd1a55d1914abfedff758 (16 February 2023).
it("reads a refusal with a number for its code", async () => {
  const text =
    "Unable to find the IoThub `ps4753.azure-devices.net`. Check if the hub exists and the connection information is correct.";
  const refusal = {
    code: 404002,
    httpStatusCode: "NotFound",
    message: `${text} If you contact a support representative please include this correlation identifier: 866001be-b660-4df4-9b12-72759066aa65, timestamp: 2023-02-16 22:40:41Z, errorcode: IH404002.`,
  };
  const request = `GET ${SERVICES}/dps000002?api-version=2021-10-15`;
  playback.play([{ ...recorded(request, refusal), status: 404 }]);
  await using client = clientOf("2021-10-15");
  await expect(client.get(RESOURCE)).rejects.toMatchObject({
    code: "not-found",
    status: 404,
    errorCode: 404002,
    serviceMessage: text,
    trackingId: "866001be-b660-4df4-9b12-72759066aa65",
  });
});
