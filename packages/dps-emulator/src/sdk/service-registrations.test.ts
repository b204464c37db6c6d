import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../start.ts";
import { deviceToken } from "../testing/device.ts";
import { fetchFrom } from "../testing/http.ts";
import { refusalOf, type ServiceSdk, startServiceSdk } from "../testing/service-sdk.ts";

const KEYS = {
  primaryKey: Buffer.alloc(32, 1).toString("base64"),
  secondaryKey: Buffer.alloc(32, 2).toString("base64"),
};
const NO_ETAG = { name: "InvalidEtagError", status: 412, errorCode: 412001 };
const symmetric = (symmetricKey?: object) => ({
  attestation: { type: "symmetricKey", symmetricKey },
});

let folder: string;
let emulator: Emulator;
let sdk: ServiceSdk;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dps-emulator-registration-sdk-"));
  emulator = await startEmulator({ stateDir: folder });
  sdk = startServiceSdk(emulator);
});
afterAll(async () => {
  sdk.close();
  await emulator.close();
  rmSync(folder, { recursive: true });
});

describe("Microsoft's service SDK with registrations", () => {
  const register = async (id: string, key: string) => {
    const expiresAt = new Date(Date.now() + 60_000);
    const token = deviceToken({
      sr: `${emulator.idScope}%2Fregistrations%2F${id}`,
      key,
      expiresAt,
    });
    const path = `/${emulator.idScope}/registrations/${id}/register?api-version=2021-06-01`;
    const body = JSON.stringify({ registrationId: id });
    const headers = { authorization: token };
    expect((await fetchFrom(emulator, "PUT", path, { headers, body })).status).toBe(202);
  };
  const derived = (id: string) =>
    createHmac("sha256", Buffer.from(KEYS.primaryKey, "base64")).update(id).digest("base64");

  it("gets and deletes that of an individual enrollment, which GET of the enrollment tells too", async () => {
    const enrollment = { registrationId: "alone", ...symmetric(KEYS) };
    await sdk.call("createOrUpdateIndividualEnrollment", enrollment);
    const stateOf = async () =>
      (await sdk.call("getIndividualEnrollment", "alone")).registrationState;
    const unassigned = { registrationId: "alone", status: "unassigned" };
    expect(await stateOf()).toEqual(unassigned);
    const missing = { message: "Not found", status: 404, errorCode: 404203 };
    expect(await sdk.refused("getDeviceRegistrationState", "alone")).toMatchObject(missing);
    await register("alone", KEYS.primaryKey);
    const state = await sdk.call("getDeviceRegistrationState", "alone");
    expect(state).toMatchObject({ registrationId: "alone", deviceId: "alone", status: "assigned" });
    expect(await stateOf()).toEqual(state);
    await register("alone", KEYS.secondaryKey);
    expect(await sdk.refused("deleteDeviceRegistrationState", state)).toMatchObject(NO_ETAG);
    const fresh = await sdk.call("getDeviceRegistrationState", "alone");
    await sdk.call("deleteDeviceRegistrationState", "alone", fresh.etag);
    expect(await sdk.refused("deleteDeviceRegistrationState", "alone")).toMatchObject(missing);
    expect(await stateOf()).toEqual(unassigned);
  });

  it("pages through those of a group, and of no other", async () => {
    const query = "createEnrollmentGroupDeviceRegistrationStateQuery";
    const groups = { registered: symmetric(KEYS), empty: symmetric() };
    for (const [enrollmentGroupId, keys] of Object.entries(groups)) {
      await sdk.call("createOrUpdateEnrollmentGroup", { enrollmentGroupId, ...keys });
    }
    for (const id of ["r1", "r2", "r3"]) await register(id, derived(id));
    const all = { query: "SELECT *" };
    const pages = await sdk.pages(query, [all, "registered", 2]);
    const ids = pages.map(({ items }) => items.map(({ registrationId }) => registrationId));
    expect(ids).toEqual([["r1", "r2"], ["r3"]]);
    expect(pages[0]?.itemType).toBe("DeviceRegistration");
    expect(pages[0]?.items[0]).toEqual(await sdk.call("getDeviceRegistrationState", "r1"));
    expect(await sdk.pages(query, [all, "empty"])).toMatchObject([{ items: [] }]);
    await sdk.call("deleteDeviceRegistrationState", "r2");
    const [rest] = await sdk.pages(query, [all, "registered"]);
    expect(rest?.items.map(({ registrationId }) => registrationId)).toEqual(["r1", "r3"]);
    const foreign = await sdk.ask({
      operation: query,
      args: [all, "empty", 2],
      continuationToken: pages[0]?.next,
    });
    expect(refusalOf(foreign)).toMatchObject({ name: "ArgumentError", errorCode: 400004 });
    expect(await sdk.refused(query, all, "nowhere")).toMatchObject({ errorCode: 404202 });
  });
});
