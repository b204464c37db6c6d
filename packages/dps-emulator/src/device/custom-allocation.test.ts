import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeService } from "../provisioning-service.ts";
import { type Device, deviceOf, deviceToken, refusalOf, UNAUTHORIZED } from "../testing/device.ts";
import { issue, peerOf, rootCa, uploadable } from "../testing/pki.ts";
import { startWebhook, type TestWebhook } from "../testing/webhook.ts";
import { makeWorld, type World } from "../testing/world.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const HUBS = ["a.example", "b.example", "c.example"];
const ATTESTATION = {
  type: "symmetricKey",
  symmetricKey: { primaryKey: KEY, secondaryKey: KEY },
};

let webhook: TestWebhook;
let world: World;
let device: Device;

beforeEach(async () => {
  webhook = await startWebhook();
  webhook.say({ iotHubHostName: "b.example" });
  world = makeWorld();
  const service = { ...world.service, linkedHubs: HUBS };
  world.context.store.write((store) => writeService(store, service));
  device = withKey("dev-1", KEY);
  await enroll("dev-1");
});
afterEach(() => webhook.close());

function withKey(id: string, key: string): Device {
  const sr = `${world.service.idScope}/registrations/${id}`;
  const expiresAt = new Date(world.context.now().getTime() + 3_600_000);
  return deviceOf(world, id, { token: deviceToken({ sr, key, expiresAt }) });
}

const custom = (webhookUrl = webhook.url) => ({
  allocationPolicy: "custom",
  customAllocationDefinition: { webhookUrl, apiVersion: "2021-10-01" },
});

async function enroll(id: string, members: object = {}): Promise<void> {
  const body = { registrationId: id, attestation: ATTESTATION, ...custom(), ...members };
  const present = await world.data("GET", `/enrollments/${id}`);
  const headers = present.status === 200 ? { "if-match": "*" } : {};
  expect((await world.data("PUT", `/enrollments/${id}`, { body, headers })).status).toBe(200);
}

const record = async () => (await world.data("GET", "/registrations/dev-1")).body;
const started = async () => {
  const { operationId } = (await device.register()).body;
  world.forward(3);
  return operationId as string;
};

describe("custom allocation", () => {
  it("asks the webhook at the first poll whose time has come, and not before", async () => {
    const sent = { registrationId: "dev-1", payload: { model: "t-1" } };
    const { operationId } = (await device.register(sent)).body;
    expect((await device.poll(operationId)).status).toBe(202);
    expect(webhook.requests).toHaveLength(0);
    expect(Object.keys(await record())).toEqual([
      "registrationId",
      "createdDateTimeUtc",
      "status",
      "lastUpdatedDateTimeUtc",
      "etag",
    ]);
    expect((await record()).status).toBe("assigning");
    world.forward(3);
    const { status, body } = await device.poll(operationId);
    expect([status, body.status]).toEqual([200, "assigned"]);
    expect(body.registrationState).toMatchObject({
      assignedHub: "b.example",
      deviceId: "dev-1",
      substatus: "initialAssignment",
    });
    expect((await device.poll(operationId)).body).toEqual(body);
    expect(webhook.requests).toHaveLength(1);
  });

  it("tells the webhook of an individual enrollment, the device and the hubs", async () => {
    await enroll("dev-1", {
      iotHubs: ["c.example", "B.example", "x.example"],
      deviceId: "toaster",
    });
    await device.enroll({ model: "t-1" });
    const { body } = webhook.requests[0] ?? {};
    expect(body).toMatchObject({
      individualEnrollment: {
        registrationId: "dev-1",
        deviceId: "toaster",
        attestation: { type: "symmetricKey" },
        provisioningStatus: "enabled",
        allocationPolicy: "custom",
        customAllocationDefinition: {
          webhookUrl: `http://127.0.0.1:${webhook.port}/api/allocate?****`,
          apiVersion: "2021-10-01",
        },
      },
      linkedHubs: ["c.example", "b.example"],
    });
    expect(body.individualEnrollment.etag).toMatch(/^"[0-9a-f-]+"$/);
    expect(body.deviceRuntimeContext).toEqual({
      registrationId: "dev-1",
      symmetricKey: {},
      payload: { model: "t-1" },
    });
    expect(JSON.stringify(body)).not.toContain(KEY);
    expect(JSON.stringify(body)).not.toContain("s3cret");
    expect(body).not.toHaveProperty("enrollmentGroup");
  });

  it("tells the webhook of a group, and of the hub that the device has", async () => {
    const body = { enrollmentGroupId: "g", attestation: ATTESTATION, ...custom() };
    await world.data("PUT", "/enrollmentGroups/g", { body });
    const key = createHmac("sha256", Buffer.from(KEY, "base64")).update("dev-2").digest("base64");
    const second = withKey("dev-2", key);
    await second.enroll();
    await second.enroll(null);
    expect(webhook.requests.map((request) => request.body.deviceRuntimeContext)).toEqual([
      { registrationId: "dev-2", symmetricKey: {} },
      {
        registrationId: "dev-2",
        currentIotHubHostName: "b.example",
        currentDeviceId: "dev-2",
        symmetricKey: {},
      },
    ]);
    expect(webhook.requests[0]?.body).toMatchObject({
      enrollmentGroup: { enrollmentGroupId: "g" },
      linkedHubs: HUBS,
    });
    expect(webhook.requests[0]?.body).not.toHaveProperty("individualEnrollment");
  });

  it("tells the webhook the certificate of an X.509 device", async () => {
    const root = await rootCa("Root");
    await world.upload("root", root, { verified: true });
    await world.group("g", root, custom());
    const leaf = await issue("device", "dev-9", root);
    const answer = await deviceOf(world, "dev-9", { peer: peerOf(leaf) }).enroll();
    expect(answer.body.registrationState).toMatchObject({ x509: {}, assignedHub: "b.example" });
    expect(webhook.requests[0]?.body.deviceRuntimeContext.x509).toEqual({
      clientCertificate: Buffer.from(leaf.certificate.der).toString("base64"),
    });
    expect(JSON.stringify(webhook.requests[0]?.body)).not.toContain(uploadable(root));
  });

  it("hands the webhook's payload to the device, and none that is null", async () => {
    webhook.say({ iotHubHostName: "B.EXAMPLE", payload: { color: ["red"] } });
    const first = await device.enroll();
    expect(first.body.registrationState).toMatchObject({
      assignedHub: "b.example",
      payload: { color: ["red"] },
    });
    expect((await record()).payload).toEqual({ color: ["red"] });
    webhook.say({ iotHubHostName: "b.example", payload: null });
    expect((await device.enroll()).body.registrationState).not.toHaveProperty("payload");
  });

  it("moves a device by its reprovisioning policy", async () => {
    await device.enroll();
    webhook.say({ iotHubHostName: "c.example" });
    expect((await device.enroll()).body.registrationState).toMatchObject({
      assignedHub: "c.example",
      substatus: "deviceDataMigrated",
    });
    const never = { reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: true } };
    await enroll("dev-1", never);
    expect((await device.enroll()).body.registrationState.assignedHub).toBe("c.example");
    expect(webhook.requests.at(-1)?.body.linkedHubs).toEqual(["c.example"]);
    webhook.say({ iotHubHostName: "a.example" });
    expect((await device.enroll()).body).toMatchObject({ status: "failed" });
  });
});

describe("custom allocation that fails", () => {
  it("ends as failed, with the service's words, and can be tried again", async () => {
    webhook.answer = (response) => response.writeHead(400).end("no such model");
    const { status, body } = await device.enroll();
    expect([status, body.status]).toEqual([200, "failed"]);
    expect(body.registrationState).toMatchObject({
      status: "failed",
      errorCode: 400207,
      errorMessage: "Custom allocation failed with status code: 400",
    });
    expect(await record()).toMatchObject({ status: "failed", errorCode: 400207 });
    webhook.say({ iotHubHostName: "b.example" });
    expect((await device.enroll()).body.status).toBe("assigned");
  });

  it("because of the time says so, and never where the webhook is", async () => {
    world.context.settings.webhookTimeoutMs = 30;
    webhook.answer = () => undefined;
    const { errorMessage } = (await device.enroll()).body.registrationState;
    expect(errorMessage).toBe(
      "Custom allocation failed: the webhook did not answer within 0.03 seconds.",
    );
  });

  it("because the hub is none of the linked ones assigns none", async () => {
    await enroll("dev-1", { iotHubs: ["a.example", "c.example"] });
    const { body } = await device.enroll();
    expect(body.registrationState).toMatchObject({ errorCode: 400207 });
    expect(body.registrationState).not.toHaveProperty("assignedHub");
  });

  it("for want of hubs asks nobody", async () => {
    const service = { ...world.service, linkedHubs: [] };
    world.context.store.write((store) => writeService(store, service));
    expect((await device.enroll()).body.registrationState.errorCode).toBe(400208);
    expect(webhook.requests).toEqual([]);
  });

  it("for want of hubs since the device registered asks nobody either", async () => {
    const operation = await started();
    const service = { ...world.service, linkedHubs: [] };
    world.context.store.write((store) => writeService(store, service));
    expect((await device.poll(operation)).body.registrationState.errorCode).toBe(400208);
    expect(webhook.requests).toEqual([]);
  });

  it("because the webhook is elsewhere, unless that is allowed", async () => {
    // Not loopback by its address, and yet this machine.
    const webhookUrl = `http://0.0.0.0:${webhook.port}/api/allocate`;
    const present = world.context.store.read((store) => store.get("enrollment/dev-1")) as object;
    world.context.store.write((store) =>
      store.put("enrollment/dev-1", { ...present, members: custom(webhookUrl) }),
    );
    expect((await device.enroll()).body.registrationState.errorMessage).toMatch(/loopback only/);
    expect(webhook.requests).toEqual([]);
    world.context.settings.allowWebhooks = true;
    expect((await device.enroll()).body.registrationState.assignedHub).toBe("b.example");
  });
});

describe("while the webhook is asked", () => {
  /** What happens between the question and its answer. */
  const meanwhile = (what: () => unknown) => {
    webhook.answer = async (response) => {
      webhook.say({ iotHubHostName: "b.example" });
      await what();
      response.end('{"iotHubHostName":"a.example"}');
    };
  };
  /** The emulator ends then: nothing is written any more, until it is started again. */
  const endMeanwhile = () => {
    const { store } = world.context;
    const { write } = store;
    meanwhile(() => {
      store.write = () => {
        throw new Error("the process has ended");
      };
    });
    return () => {
      store.write = write;
    };
  };

  it("another poll asks it not, and is told to wait", async () => {
    const operation = await started();
    const during: unknown[] = [];
    meanwhile(async () => {
      const { status, body, headers } = await device.poll(operation);
      during.push(status, body.status, headers["Retry-After"]);
    });
    expect((await device.poll(operation)).body.registrationState.assignedHub).toBe("a.example");
    expect(during).toEqual([202, "assigning", "3"]);
    expect(webhook.requests).toHaveLength(1);
  });

  it("an enrollment that goes takes the device's hub with it", async () => {
    const operation = await started();
    meanwhile(() => world.data("DELETE", "/enrollments/dev-1"));
    expect(refusalOf(await device.poll(operation))).toEqual(UNAUTHORIZED);
    expect(await record()).not.toHaveProperty("assignedHub");
  });

  it("an enrollment that is disabled ends the registration as disabled", async () => {
    const operation = await started();
    meanwhile(() => enroll("dev-1", { provisioningStatus: "disabled" }));
    expect((await device.poll(operation)).body.status).toBe("disabled");
  });

  it("a device that registers anew gets an answer of its own", async () => {
    const operation = await started();
    meanwhile(() => device.register());
    expect((await device.poll(operation)).status).toBe(202);
    expect((await device.poll(operation)).body.registrationState.assignedHub).toBe("b.example");
  });

  it("a registration that is deleted stays deleted", async () => {
    const operation = await started();
    meanwhile(() => world.data("DELETE", "/registrations/dev-1"));
    expect((await device.poll(operation)).status).toBe(404);
    expect((await world.data("GET", "/registrations/dev-1")).status).toBe(404);
  });

  it("the end of the emulator leaves a registration that the next poll finishes", async () => {
    const operation = await started();
    const restart = endMeanwhile();
    expect((await device.poll(operation)).status).toBe(500);
    restart();
    // As long as the call could last, nobody else asks.
    world.forward(9.9);
    expect((await device.poll(operation)).status).toBe(202);
    expect(webhook.requests).toHaveLength(1);
    world.forward(0.1);
    expect((await device.poll(operation)).body.registrationState.assignedHub).toBe("b.example");
    expect(webhook.requests).toHaveLength(2);
  });

  it("a clock that is set back keeps nobody waiting for one who asks no more", async () => {
    const operation = await started();
    world.forward(60);
    const restart = endMeanwhile();
    expect((await device.poll(operation)).status).toBe(500);
    restart();
    world.forward(-60);
    expect((await device.poll(operation)).body.status).toBe("assigned");
  });
});

describe("an enrollment that another one has taken the place of", () => {
  it("lets nobody finish what it began", async () => {
    const operation = await started();
    await world.data("DELETE", "/enrollments/dev-1");
    await enroll("dev-1");
    expect(refusalOf(await device.poll(operation))).toEqual(UNAUTHORIZED);
    expect(webhook.requests).toEqual([]);
    expect((await device.enroll()).body.status).toBe("assigned");
  });
});
