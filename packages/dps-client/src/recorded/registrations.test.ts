import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  EnrollmentClient,
  RegistrationClient,
  type RegistrationClientOptions,
  staticToken,
} from "../index.ts";
import { fakeRuntime } from "../testing/fake-runtime.ts";
import { type Playback, type Recorded, startPlayback } from "../testing/playback.ts";
import { DATA_HEADERS, GONE, queryHeaders } from "../testing/recorded.ts";
import { TEST_KEY } from "../testing/sas-vectors.ts";

let playback: Playback;
beforeAll(async () => {
  playback = await startPlayback();
});
afterAll(() => playback.close());
afterEach(() => expect(playback.outcome()).toEqual({ differences: [], missing: 0 }));

const VERSION = "api-version=2021-10-01";

// Azure/azure-sdk-for-python, sdk/iothub/azure-iot-deviceprovisioning/tests/recordings/
// test_device_registration.py…lifecycle.json at d8e2cf98c08a976fe8718793f273c74441a1cbc3
// (19 May 2023).
it("registration records are listed without a body, read and deleted", async () => {
  const group = "reg_enroll_grp_4dfe3739";
  const id = "device-4dfe3739";
  const state = {
    registrationId: id,
    createdDateTimeUtc: "2023-05-19T23:10:28.8800437Z",
    assignedHub: "rk-cli-test-hub.azure-devices.net",
    deviceId: id,
    status: "assigned",
    substatus: "initialAssignment",
    lastUpdatedDateTimeUtc: "2023-05-19T23:10:29.1734179Z",
    etag: "IjAwMDAwNGVkLTAwMDAtMDgwMC0wMDAwLTY0NjgwMWU1MDAwMCI=",
  };
  const listed = (items: readonly unknown[]): Recorded => ({
    request: `POST /registrations/${group}/query?${VERSION}`,
    headers: queryHeaders("DeviceRegistration"),
    body: items,
  });
  const record = `/registrations/${id}?${VERSION}`;
  playback.play([
    listed([]),
    { request: `GET ${record}`, headers: DATA_HEADERS, body: state },
    listed([state]),
    { request: `DELETE ${record}`, ...GONE },
    listed([]),
  ]);
  await using client = new EnrollmentClient({
    endpoint: playback.url,
    ca: playback.ca,
    credential: staticToken("token"),
  });
  const all = async () => {
    const found: unknown[] = [];
    for await (const one of client.registrations.query(group)) found.push(one);
    return found;
  };
  expect(await all()).toEqual([]);
  expect(await client.registrations.get(id)).toEqual(state);
  expect(await all()).toEqual([state]);
  await client.registrations.delete(id);
  expect(await all()).toEqual([]);
});

describe("a device", () => {
  const SCOPE = "0ne00000012";
  const OPERATION = "5.506603669bd3e2bf.b3602f8f-76fe-4341-9214-bb6cfb891b8a";
  const path = `/${SCOPE}/registrations/dev-1`;
  const registered = (answer: Omit<Recorded, "request" | "sends">): Recorded => ({
    request: `PUT ${path}/register?${VERSION}`,
    sends: { registrationId: "dev-1" },
    ...answer,
  });
  const polled = (answer: Omit<Recorded, "request">): Recorded => ({
    request: `GET ${path}/operations/${OPERATION}?${VERSION}`,
    ...answer,
  });
  const assigning = { operationId: OPERATION, status: "assigning" };
  const waiting = { ...DATA_HEADERS, "Retry-After": "3" };
  const clientOf = (options: Partial<RegistrationClientOptions> = {}) => {
    const runtime = fakeRuntime();
    const client = new RegistrationClient({
      endpoint: playback.url,
      ca: playback.ca,
      idScope: SCOPE,
      symmetricKey: TEST_KEY,
      runtime,
      ...options,
    } as RegistrationClientOptions);
    return { client, runtime };
  };

  // No device's HTTPS is among the recordings. The answers have the members and headers that Microsoft's
  // "How to use X.509 certificates over HTTPS without an SDK" shows; the values are made up.
  it("is registered, asks again as often as it is told, and is assigned", async () => {
    const state = {
      x509: {},
      registrationId: "dev-1",
      createdDateTimeUtc: "2022-05-05T18:30:31.1409039Z",
      assignedHub: "contoso-hub-1.azure-devices.net",
      deviceId: "dev-1",
      status: "assigned",
      substatus: "initialAssignment",
      lastUpdatedDateTimeUtc: "2022-05-05T18:30:31.3574736Z",
      etag: "IjAwMDA4NDQzLTAwMDAtMDEwMC0wMDAwLTYyNzQyYzVlMDAwMCI=",
    };
    const { client, runtime } = clientOf();
    const Location = `https://global.azure-devices-provisioning.net${path}/register`;
    const still = { registrationId: "dev-1", status: "assigning" };
    playback.play([
      registered({ status: 202, headers: { ...waiting, Location }, body: assigning }),
      polled({ status: 202, headers: waiting, body: { ...assigning, registrationState: still } }),
      polled({
        headers: DATA_HEADERS,
        body: { operationId: OPERATION, status: "assigned", registrationState: state },
      }),
    ]);
    expect(await client.register("dev-1")).toEqual(state);
    expect(runtime.waits).toEqual([3000, 3000]);
    await client.close();
  });

  // microsoft/vscode-iot-workbench#590 (15 March 2019): no x-ms-error-code, a message without a stop.
  it("is refused with the number, words and tracking id of the body", async () => {
    const trackingId = "f40da7ba-0e3a-4cf5-a0a6-0ab8d2dc1be9";
    const { client } = clientOf();
    playback.play([
      registered({
        status: 401,
        headers: { ...DATA_HEADERS, "x-ms-request-id": trackingId },
        body: {
          errorCode: 401002,
          trackingId,
          message: "Invalid certificate",
          timestampUtc: "2019-03-15T19:43:02.7904455Z",
        },
      }),
    ]);
    await expect(client.register("dev-1")).rejects.toMatchObject({
      code: "unauthorized",
      errorCode: 401002,
      trackingId,
      serviceMessage: "Invalid certificate",
      hint: expect.stringContaining("dps-certs check"),
    });
    await client.close();
  });

  // Azure/azure-iot-sdk-c#1789: HTTP 200 all the same, the hub's own words inside.
  it("fails where the hub refuses the service, told within a 200", async () => {
    const errorMessage = '{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized"}';
    const state = { registrationId: "dev-1", status: "failed", errorCode: 400209, errorMessage };
    const { client } = clientOf();
    playback.play([
      registered({ status: 202, headers: waiting, body: assigning }),
      polled({
        headers: DATA_HEADERS,
        body: { operationId: OPERATION, status: "failed", registrationState: state },
      }),
    ]);
    await expect(client.register("dev-1")).rejects.toMatchObject({
      code: "registration-failed",
      errorCode: 400209,
      serviceMessage: errorMessage,
    });
    await client.close();
  });
});
