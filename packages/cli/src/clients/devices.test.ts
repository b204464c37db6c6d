import {
  deriveDeviceKey,
  symmetricKeys,
  x509CaReferences,
  x509ClientCertificates,
  x509SigningCertificates,
} from "@dps-certs/dps-client";
import type { Emulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issued, selfSigned } from "../testing/issuing.ts";
import {
  all,
  certificateOf,
  clientsOf,
  type ServiceClients,
  startService,
} from "../testing/service.ts";

let emulator: Emulator;
let clients: ServiceClients;
const root = await selfSigned("devices root");
const intermediate = await issued("devices intermediate", root);
const KEY = btoa("k".repeat(64));

beforeAll(async () => {
  emulator = await startService();
  clients = clientsOf(emulator);
  const { groups } = clients.enrollments;
  await clients.certificates.upload("root", root.certificate.pem, { verified: true });
  const attestation = x509SigningCertificates({ primary: intermediate.certificate.pem });
  await groups.create({ enrollmentGroupId: "signed", attestation });
  const keyed = symmetricKeys({ primaryKey: KEY, secondaryKey: KEY });
  await groups.create({ enrollmentGroupId: "keyed", attestation: keyed });
});
afterAll(async () => {
  await clients.close();
  await emulator.close();
});

const leaf = (name: string, issuer = intermediate) => issued(name, issuer, { profile: "device" });
const assigned = (id: string, deviceId = id) => ({
  registrationId: id,
  deviceId,
  status: "assigned",
  assignedHub: "emulated-hub.azure-devices.net",
});

describe("a device registers", () => {
  it("by a certificate of its group's CA, and is among the group's registrations", async () => {
    const certificate = certificateOf(await leaf("signed-1"), intermediate);
    await using device = clients.device({ certificate });
    await expect(device.lookup("signed-1")).rejects.toMatchObject({ code: "not-found" });
    expect(await device.register("signed-1")).toMatchObject({ ...assigned("signed-1"), x509: {} });
    expect(await device.lookup("signed-1")).toMatchObject(assigned("signed-1"));

    const { registrations } = clients.enrollments;
    const record = await registrations.get("signed-1");
    expect(record).toMatchObject(assigned("signed-1"));
    expect(await all(registrations.query("signed"))).toMatchObject([assigned("signed-1")]);
    const stale = { ifMatch: "stale" };
    await expect(registrations.delete("signed-1", stale)).rejects.toMatchObject({
      code: "etag-mismatch",
    });
    await registrations.delete("signed-1", { ifMatch: record.etag ?? "" });
    expect(await registrations.find("signed-1")).toBeUndefined();
    expect(await all(registrations.query("signed"))).toEqual([]);
  });

  it("by a CA that its group names", async () => {
    const attestation = x509CaReferences({ primary: "root" });
    await clients.enrollments.groups.create({ enrollmentGroupId: "named", attestation });
    await using device = clients.device({
      certificate: certificateOf(await leaf("named-1", root)),
    });
    expect(await device.register("named-1")).toMatchObject(assigned("named-1"));
  });

  it("by its own certificate, under another name in its hub", async () => {
    const own = await selfSigned("single-1", { profile: "device" });
    await clients.enrollments.enrollments.create({
      registrationId: "single-1",
      deviceId: "boiler",
      attestation: x509ClientCertificates({ primary: own.certificate.pem }),
    });
    await using device = clients.device({ certificate: certificateOf(own) });
    expect(await device.register("single-1")).toMatchObject(assigned("single-1", "boiler"));
    const read = await clients.enrollments.enrollments.get("single-1");
    expect(read.registrationState).toMatchObject({ status: "assigned" });
  });

  it("by its own symmetric key", async () => {
    const attestation = symmetricKeys();
    const item = { registrationId: "single-2", attestation };
    const created = await clients.enrollments.enrollments.create(item);
    const { primaryKey, secondaryKey } = created.attestation.symmetricKey ?? {};
    for (const symmetricKey of [primaryKey, secondaryKey]) {
      await using device = clients.device({ symmetricKey });
      expect(await device.register("single-2")).toMatchObject(assigned("single-2"));
    }
  });

  it("by the key of its group, or by its own that is derived from it", async () => {
    await using group = clients.device({ groupKey: KEY });
    const ids = ["keyed-1", "keyed-2", "keyed-3"];
    const states = await Promise.all(ids.map((id) => group.register(id)));
    expect(states).toMatchObject(ids.map((id) => assigned(id)));
    await using one = clients.device({ symmetricKey: deriveDeviceKey(KEY, "keyed-1") });
    expect(await one.register("keyed-1")).toMatchObject(assigned("keyed-1"));
    expect(await all(clients.enrollments.registrations.query("keyed"))).toHaveLength(3);
  });
});

describe("a device is refused", () => {
  it("without its intermediate, and told what to do", async () => {
    await using device = clients.device({ certificate: certificateOf(await leaf("signed-2")) });
    await expect(device.register("signed-2")).rejects.toMatchObject({
      code: "unauthorized",
      status: 401,
      errorCode: 401002,
      serviceMessage: "CA certificate not found.",
      trackingId: expect.any(String),
      hint: expect.stringContaining("dps-certs check chain.pem --group g"),
    });
  });

  it("with its group's key in place of its own", async () => {
    await using device = clients.device({ symmetricKey: KEY });
    await expect(device.register("keyed-9")).rejects.toMatchObject({
      code: "unauthorized",
      errorCode: 401002,
    });
  });

  it("where its group is disabled", async () => {
    const { groups } = clients.enrollments;
    await groups.update("keyed", (stored) => ({ ...stored, provisioningStatus: "disabled" }));
    await using device = clients.device({ groupKey: KEY });
    await expect(device.register("keyed-1")).rejects.toMatchObject({
      code: "registration-disabled",
    });
    const { registrations } = clients.enrollments;
    expect(await registrations.get("keyed-1")).toMatchObject({ status: "disabled" });
  });
});
