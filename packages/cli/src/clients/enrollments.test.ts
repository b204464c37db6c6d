import {
  type Enrollment,
  EnrollmentClient,
  type EnrollmentCollection,
  symmetricKeys,
  tpm,
  x509CaReferences,
  x509ClientCertificates,
  x509SigningCertificates,
} from "@dps-certs/dps-client";
import type { Emulator } from "@dps-certs/dps-emulator";
import type { AttestationMechanism } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emulatorCredential } from "../target/emulator-token.ts";
import { issued, selfSigned } from "../testing/issuing.ts";
import { all, clientsOf, type ServiceClients, startService } from "../testing/service.ts";

let emulator: Emulator;
let clients: ServiceClients;
beforeAll(async () => {
  emulator = await startService();
  clients = clientsOf(emulator);
  // References may be to what is not verified.
  for (const name of ["root-ca", "old-ca"]) {
    await clients.certificates.upload(name, root.certificate.pem);
  }
});
afterAll(async () => {
  await clients.close();
  await emulator.close();
});

const root = await selfSigned("clients root");
const [first, second] = [await issued("one", root), await issued("two", root)];
const device = await issued("dev-1", first, { profile: "device" });
const KEYS = { primaryKey: btoa("k".repeat(32)), secondaryKey: btoa("s".repeat(32)) };
const PEMS = { primary: first.certificate.pem, secondary: second.certificate.pem };
const thumbprint = { info: { sha256Thumbprint: first.certificate.sha256 } };

interface Case {
  name: string;
  attestation: () => AttestationMechanism;
  /** What a read tells of it. */
  read: object;
  /** What `attestation` tells of it. */
  told?: object;
}

const CA_REFERENCES = { primary: "root-ca", secondary: "old-ca" };
const SHARED: readonly Case[] = [
  {
    name: "CA references",
    attestation: () => x509CaReferences(CA_REFERENCES),
    read: { type: "x509", x509: { caReferences: CA_REFERENCES } },
  },
  {
    name: "symmetric keys",
    attestation: () => symmetricKeys(KEYS),
    read: { type: "symmetricKey" },
    told: { type: "symmetricKey", symmetricKey: KEYS },
  },
  {
    name: "symmetric keys that the service draws",
    attestation: () => symmetricKeys(),
    read: { type: "symmetricKey" },
    told: { symmetricKey: { primaryKey: expect.stringMatching(/^[\w+/]{86}==$/) } },
  },
];
const GROUPS: readonly Case[] = [
  {
    name: "signing certificates",
    attestation: () => x509SigningCertificates(PEMS),
    read: { type: "x509", x509: { signingCertificates: { primary: thumbprint } } },
  },
  ...SHARED,
];
const endorsementKey = btoa("e".repeat(300));
const INDIVIDUAL: readonly Case[] = [
  {
    name: "client certificates",
    attestation: () => x509ClientCertificates({ primary: device.certificate.pem }),
    read: {
      x509: { clientCertificates: { primary: { info: { subjectName: "CN=dev-1", version: 3 } } } },
    },
  },
  { name: "a TPM", attestation: () => tpm({ endorsementKey }), read: { tpm: { endorsementKey } } },
  ...SHARED,
];

/** Everything that can be done to one, from its creation to its end. */
async function live<T extends Enrollment>(
  collection: EnrollmentCollection<T>,
  item: T,
  id: string,
  { read, told = read }: Case,
): Promise<void> {
  expect(await collection.find(id)).toBeUndefined();
  await expect(collection.get(id)).rejects.toMatchObject({ code: "not-found", status: 404 });
  const created = await collection.create(item);
  expect(created.provisioningStatus).toBe("enabled");
  await expect(collection.create(item)).rejects.toMatchObject({ code: "conflict", status: 409 });
  expect((await collection.get(id.toUpperCase())).attestation).toMatchObject(read);
  expect(await collection.attestation(id)).toMatchObject(told);
  expect(await all(collection.query())).toMatchObject([{ etag: created.etag, attestation: read }]);

  // What is as it is to be is not written; what is not given stays.
  const same = await collection.createOrUpdate({ ...item, provisioningStatus: "enabled" });
  expect(same.etag).toBe(created.etag);
  const twin = { tags: { floor: 3 }, properties: { desired: { interval: 5 } } };
  const tagged = await collection.createOrUpdate({ ...item, initialTwin: twin });
  const merged = await collection.createOrUpdate({
    ...item,
    initialTwin: { tags: { floor: null, room: "a" } },
    provisioningStatus: "disabled",
  });
  expect(merged).toMatchObject({
    initialTwin: { tags: { room: "a" }, properties: { desired: { interval: 5 } } },
    provisioningStatus: "disabled",
    createdDateTimeUtc: created.createdDateTimeUtc,
  });
  expect(merged.initialTwin?.tags).toEqual({ room: "a" });
  const stale = { ifMatch: tagged.etag ?? "" };
  await expect(collection.createOrUpdate(item, stale)).rejects.toMatchObject({
    code: "etag-mismatch",
    status: 412,
  });
  await expect(collection.delete(id, stale)).rejects.toMatchObject({ code: "etag-mismatch" });

  // A certificate that comes back as its thumbprints, and keys that do not come back, survive.
  const enabled = await collection.update(id, (stored) => ({
    ...stored,
    provisioningStatus: "enabled",
    iotHubHostName: "emulated-hub.azure-devices.net",
  }));
  expect(enabled.provisioningStatus).toBe("enabled");
  expect(await collection.attestation(id)).toMatchObject(told);
  await collection.createOrUpdate(item, { ifMatch: "*" });
  expect((await collection.get(id)).iotHubHostName ?? null).toBeNull();
  await collection.delete(id, { ifMatch: (await collection.get(id)).etag ?? "" });
  await expect(collection.delete(id)).rejects.toMatchObject({ code: "not-found" });
  expect(await all(collection.query())).toEqual([]);
}

describe("an enrollment group", () => {
  it.each(GROUPS)("lives with $name", async (one) => {
    const group = { enrollmentGroupId: "boilers", attestation: one.attestation() };
    await live(clients.enrollments.groups, group, "boilers", one);
  });
});

describe("an individual enrollment", () => {
  it.each(INDIVIDUAL)("lives with $name", async (one) => {
    const item = { registrationId: "dev-1", deviceId: "hub-1", attestation: one.attestation() };
    await live(clients.enrollments.enrollments, item, "dev-1", one);
  });
});

describe("two clients that change the same at once", () => {
  it("both have their way", async () => {
    const other = clientsOf(emulator);
    const [here, there] = [clients.enrollments.groups, other.enrollments.groups];
    const id = "contended";
    const tagged = (tag: string) => ({
      enrollmentGroupId: id,
      attestation: symmetricKeys(),
      initialTwin: { tags: { [tag]: true } },
    });
    // Both find nothing, and one of them is told that it exists.
    await Promise.all([here.createOrUpdate(tagged("a")), there.createOrUpdate(tagged("b"))]);
    const add = (groups: typeof here, tag: string) =>
      groups.update(id, (stored) => ({
        ...stored,
        initialTwin: { ...stored.initialTwin, tags: { ...stored.initialTwin?.tags, [tag]: true } },
      }));
    const keys = (await here.attestation(id)).symmetricKey;
    await Promise.all([add(here, "c"), add(there, "d"), there.createOrUpdate(tagged("e"))]);
    expect((await here.get(id)).initialTwin?.tags).toEqual({
      a: true,
      b: true,
      c: true,
      d: true,
      e: true,
    });
    expect((await here.attestation(id)).symmetricKey).toEqual(keys);
    await here.delete(id);
    await other.close();
  });
});

describe("many enrollments", () => {
  const ids = Array.from({ length: 25 }, (_, index) => `many-${String(index).padStart(2, "0")}`);
  const item = (registrationId: string) => ({ registrationId, attestation: symmetricKeys() });

  it("are created ten a request; those refused do not keep the others from it", async () => {
    const { enrollments } = clients.enrollments;
    const there = ["many-03", "many-11", "many-24"];
    for (const id of there) await enrollments.create(item(id));
    const outcomes = await all(enrollments.bulk("create", ids.map(item)));
    expect(outcomes.map(({ id }) => id).sort()).toEqual(ids);
    const refused = outcomes.filter(({ ok }) => !ok);
    expect(refused.map(({ id }) => id).sort()).toEqual(there);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ error: { code: "conflict", errorCode: 409201 } });
    }
  });

  it("are read page by page, and asked for by what they say", async () => {
    const { enrollments } = clients.enrollments;
    const sizes: number[] = [];
    for await (const page of enrollments.query({ pageSize: 10 }).byPage()) sizes.push(page.length);
    expect(sizes).toEqual([10, 10, 5]);
    const found = await all(enrollments.query({ pageSize: 7 }));
    expect(found.map(({ registrationId }) => registrationId).sort()).toEqual(ids);
    const query = "SELECT * FROM enrollments WHERE registrationId = 'many-07'";
    expect(await all(enrollments.query({ query }))).toMatchObject([{ registrationId: "many-07" }]);
  });

  it("are changed under their etags, and deleted", async () => {
    const { enrollments } = clients.enrollments;
    const stored = await all(enrollments.query());
    const changed = stored.map((one, index) => ({
      ...one,
      attestation: symmetricKeys(KEYS),
      provisioningStatus: "disabled" as const,
      etag: index === 4 ? "stale" : one.etag,
    }));
    const outcomes = await all(enrollments.bulk("updateIfMatchETag", changed));
    expect(outcomes.filter(({ ok }) => !ok)).toMatchObject([
      { index: 4, error: { code: "etag-mismatch" } },
    ]);
    const disabled = { query: "SELECT * WHERE provisioningStatus = 'disabled'" };
    expect(await all(enrollments.query(disabled))).toHaveLength(24);
    const gone = await all(enrollments.bulk("delete", ids.map(item)));
    expect(gone.every(({ ok }) => ok)).toBe(true);
    expect(await all(enrollments.query())).toEqual([]);
  });
});

it("takes Entra ID in place of a shared access policy", async () => {
  const { url: endpoint, caPem: ca } = emulator;
  const credential = emulatorCredential(endpoint, ca, emulator, () => new Date());
  await using client = new EnrollmentClient({ endpoint, ca, credential });
  expect(await all(client.groups.query())).toEqual([]);
});
