import { symmetricKeys, x509SigningCertificates } from "@dps-certs/dps-client";
import type { Emulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "../testing/fault-proxy.ts";
import { issued, selfSigned } from "../testing/issuing.ts";
import { all, clientsOf, type ServiceClients, startService } from "../testing/service.ts";

/** The answer to the first request of each kind that matches is lost, after the service acted. */
let lose: RegExp = /$^/;
const lost = new Set<string>();
let emulator: Emulator;
let proxy: FaultProxy;
let clients: ServiceClients;

beforeAll(async () => {
  emulator = await startService();
  proxy = await startFaultProxy({
    emulator,
    faultAt: (request) => {
      if (!lose.test(request) || lost.has(request)) return undefined;
      lost.add(request);
      return "answer lost";
    },
  });
  clients = clientsOf(emulator, proxy);
});
afterAll(async () => {
  await clients.close();
  await proxy.close();
  await emulator.close();
});
beforeEach(() => {
  lost.clear();
  lose = /$^/;
});

const { pem } = (await selfSigned("lost root")).certificate;

describe("a request whose answer is lost is done once, and says so", () => {
  it("creating, changing and deleting a group; its drawn keys are told all the same", async () => {
    lose = /^(PUT|DELETE)/;
    const { groups } = clients.enrollments;
    const group = { enrollmentGroupId: "lost", attestation: symmetricKeys() };
    const created = await groups.create(group);
    const told = await groups.attestation("lost");
    expect(created.attestation).toEqual(told);
    lost.clear();
    const change = { ...group, provisioningStatus: "disabled" as const };
    expect((await groups.createOrUpdate(change)).provisioningStatus).toBe("disabled");
    expect(await groups.attestation("lost")).toEqual(told);
    lost.clear();
    await groups.delete("lost");
    expect(await groups.find("lost")).toBeUndefined();
    expect(lost.size).toBe(1);
  });

  it("but is refused where another was there before", async () => {
    const { groups } = clients.enrollments;
    const enrollmentGroupId = "taken";
    await groups.create({ enrollmentGroupId, attestation: symmetricKeys() });
    lose = /^PUT/;
    const attestation = x509SigningCertificates({ primary: pem });
    await expect(groups.create({ enrollmentGroupId, attestation })).rejects.toMatchObject({
      code: "conflict",
      maybeApplied: true,
    });
    expect((await groups.get(enrollmentGroupId)).attestation.type).toBe("symmetricKey");
    await groups.delete(enrollmentGroupId);
  });

  it("in bulk, item by item", async () => {
    lose = /^POST \/enrollments$/;
    const { enrollments } = clients.enrollments;
    const items = Array.from({ length: 12 }, (_, index) => ({
      registrationId: `bulk-${index}`,
      attestation: symmetricKeys(),
    }));
    // One of them is another's.
    const own = symmetricKeys({ primaryKey: btoa("o".repeat(32)) });
    await enrollments.create({ registrationId: "bulk-3", attestation: own, deviceId: "other" });
    const other = { ...items[3], registrationId: "bulk-3", deviceId: "mine" };
    const wanted = items.map((item, index) =>
      index === 3 ? { ...other, attestation: symmetricKeys() } : item,
    );
    const outcomes = await all(enrollments.bulk("create", wanted, { concurrency: 1 }));
    expect(outcomes.filter(({ ok }) => !ok)).toMatchObject([
      { id: "bulk-3", error: { code: "conflict" } },
    ]);
    lost.clear();
    const gone = await all(enrollments.bulk("delete", wanted, { concurrency: 1 }));
    expect(gone.every(({ ok }) => ok)).toBe(true);
    expect(await all(enrollments.query())).toEqual([]);
  });

  it("uploading, proving and deleting a CA", async () => {
    lose = /\/certificates\//;
    const root = await selfSigned("another lost root");
    const { certificates } = clients;
    const uploaded = await certificates.upload("root", root.certificate.pem);
    expect(uploaded.properties.thumbprint).toBe(root.certificate.sha1);
    const verified = await certificates.provePossession("root", async (code) => {
      const proof = await issued(code, root, { profile: "verification" });
      return proof.certificate.pem;
    });
    expect(verified.properties.isVerified).toBe(true);
    await certificates.delete("root", { ifMatch: verified.etag });
    expect(await certificates.list()).toEqual([]);
  });

  it("registering a device", async () => {
    const primaryKey = btoa("k".repeat(64));
    const attestation = symmetricKeys({ primaryKey, secondaryKey: primaryKey });
    await clients.enrollments.groups.create({ enrollmentGroupId: "keyed", attestation });
    lose = /registrations/;
    await using device = clients.device({ groupKey: primaryKey });
    expect(await device.register("keyed-1")).toMatchObject({ status: "assigned" });
    const { registrations } = clients.enrollments;
    expect(await all(registrations.query("keyed"))).toHaveLength(1);
    lost.clear();
    await registrations.delete("keyed-1");
    expect(await registrations.find("keyed-1")).toBeUndefined();
  });
});
