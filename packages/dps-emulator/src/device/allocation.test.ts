import { describe, expect, it } from "vitest";
import { writeService } from "../provisioning-service.ts";
import { deviceOf, deviceToken } from "../testing/device.ts";
import { makeWorld, type World } from "../testing/world.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const HUBS = ["a.example", "b.example", "c.example"];

/** A service with three hubs. */
function threeHubs(changes: Partial<World["service"]> = {}): World {
  const world = makeWorld();
  const service = { ...world.service, linkedHubs: HUBS, ...changes };
  world.context.store.write((store) => writeService(store, service));
  return world;
}

async function enroll(world: World, id: string, members: object = {}): Promise<void> {
  const attestation = {
    type: "symmetricKey",
    symmetricKey: { primaryKey: KEY, secondaryKey: KEY },
  };
  const body = { registrationId: id, attestation, ...members };
  const present = await world.data("GET", `/enrollments/${id}`);
  const headers = present.status === 200 ? { "if-match": "*" } : {};
  const made = await world.data("PUT", `/enrollments/${id}`, { body, headers });
  expect(made.status).toBe(200);
}

async function register(world: World, id = "dev-1") {
  const sr = `${world.service.idScope}/registrations/${id}`;
  const expiresAt = new Date(world.context.now().getTime() + 60_000);
  const device = deviceOf(world, id, { token: deviceToken({ sr, key: KEY, expiresAt }) });
  return (await device.enroll()).body.registrationState;
}

const policy = (updateHubAssignment: boolean, migrateDeviceData: boolean) => ({
  reprovisionPolicy: { updateHubAssignment, migrateDeviceData },
});
const at = (...iotHubs: string[]) => ({ allocationPolicy: "static", iotHubs });

describe("the hub of a device", () => {
  it("is, statically, the first one that its enrollment names and that is linked", async () => {
    const world = threeHubs();
    await enroll(world, "dev-1", at("x.example", "C.EXAMPLE", "a.example"));
    expect((await register(world)).assignedHub).toBe("c.example");
    await enroll(world, "dev-1", at("x.example"));
    expect(await register(world)).toMatchObject({ status: "failed", errorCode: 400208 });
  });

  it("is one of those that its enrollment names, whatever spreads the devices", async () => {
    const world = threeHubs();
    for (const allocationPolicy of ["hashed", "geoLatency"]) {
      await enroll(world, "dev-1", { allocationPolicy, iotHubs: ["b.example"] });
      expect((await register(world)).assignedHub).toBe("b.example");
    }
    await enroll(world, "dev-2", { iotHubHostName: "c.example" });
    expect((await register(world, "dev-2")).assignedHub).toBe("c.example");
  });

  it("is any linked one, and all of them are used", async () => {
    const world = threeHubs();
    const used = new Set<string>();
    for (const id of Array.from({ length: 30 }, (_, index) => `d-${index}`)) {
      await enroll(world, id);
      used.add((await register(world, id)).assignedHub);
    }
    expect([...used].sort()).toEqual(HUBS);
  });

  it("is taken by its weight, and not at all where the policy does not apply to it", async () => {
    const location = "westus";
    const world = threeHubs({
      hubDetails: {
        "a.example": { location, applyAllocationPolicy: false },
        "b.example": { location, allocationWeight: 1000 },
      },
    });
    const hubs: string[] = [];
    for (const id of Array.from({ length: 20 }, (_, index) => `d-${index}`)) {
      await enroll(world, id);
      hubs.push((await register(world, id)).assignedHub);
    }
    expect(new Set(hubs)).toEqual(new Set(["b.example"]));
    await enroll(world, "dev-1", at("a.example"));
    expect((await register(world)).errorCode).toBe(400208);
  });

  it("is found by the service's policy where the enrollment has none", async () => {
    const world = threeHubs({ allocationPolicy: "Static" });
    for (const id of ["d-1", "d-2", "d-3", "d-4"]) {
      await enroll(world, id);
      expect((await register(world, id)).assignedHub).toBe("a.example");
    }
  });
});

describe("a device that registers again", () => {
  it("keeps its hub and its substatus", async () => {
    const world = threeHubs();
    await enroll(world, "dev-1", at("a.example"));
    expect(await register(world)).toMatchObject({ substatus: "initialAssignment" });
    await enroll(world, "dev-1", { allocationPolicy: "hashed" });
    expect(await register(world)).toMatchObject({
      assignedHub: "a.example",
      substatus: "initialAssignment",
    });
  });

  it.each([
    ["is migrated unless its enrollment says otherwise", {}, "deviceDataMigrated"],
    ["is migrated", policy(true, true), "deviceDataMigrated"],
    ["begins anew", policy(true, false), "deviceDataReset"],
  ])("with another hub %s", async (_, members, substatus) => {
    const world = threeHubs();
    await enroll(world, "dev-1", { ...at("a.example"), ...members });
    await register(world);
    await enroll(world, "dev-1", { ...at("b.example"), ...members });
    expect(await register(world)).toMatchObject({ assignedHub: "b.example", substatus });
    expect(await register(world)).toMatchObject({ assignedHub: "b.example", substatus });
    await enroll(world, "dev-1", { ...at("c.example"), ...members });
    expect(await register(world)).toMatchObject({ assignedHub: "c.example", substatus });
    await enroll(world, "dev-1", { ...at("a.example"), ...members });
    expect(await register(world)).toMatchObject({
      assignedHub: "a.example",
      substatus: "reprovisionedToInitialAssignment",
    });
  });

  it("stays where it is when it is never to be reprovisioned, while that hub is linked", async () => {
    const world = threeHubs();
    await enroll(world, "dev-1", { ...at("a.example"), ...policy(false, false) });
    await register(world);
    await enroll(world, "dev-1", { ...at("b.example"), ...policy(false, false) });
    expect(await register(world)).toMatchObject({
      assignedHub: "a.example",
      substatus: "initialAssignment",
    });
    const service = { ...world.service, linkedHubs: ["b.example"] };
    world.context.store.write((store) => writeService(store, service));
    expect((await register(world)).assignedHub).toBe("b.example");
  });

  it("after it was disabled has not forgotten where it was", async () => {
    const world = threeHubs();
    await enroll(world, "dev-1", at("a.example"));
    await register(world);
    await enroll(world, "dev-1", { ...at("b.example"), provisioningStatus: "disabled" });
    expect((await register(world)).status).toBe("disabled");
    await enroll(world, "dev-1", at("b.example"));
    expect((await register(world)).substatus).toBe("deviceDataMigrated");
  });

  it("is read from a state of before there were several hubs", async () => {
    const world = threeHubs();
    await enroll(world, "dev-1", at("a.example"));
    await register(world);
    world.context.store.write((store) => {
      const record = store.get("registration/dev-1") as Record<string, unknown>;
      const outcome = { status: "assigned", assignedHub: "a.example" };
      store.put("registration/dev-1", { ...record, outcome });
    });
    expect((await world.data("GET", "/registrations/dev-1")).body).toMatchObject({
      deviceId: "dev-1",
      substatus: "initialAssignment",
    });
    await enroll(world, "dev-1", at("b.example"));
    expect((await register(world)).substatus).toBe("deviceDataMigrated");
    await enroll(world, "dev-1", at("a.example"));
    expect((await register(world)).substatus).toBe("reprovisionedToInitialAssignment");
  });
});
