import type { EnrollmentGroup, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeRuntime } from "../testing/fake-runtime.ts";
import { type OpensslPki, opensslPki, type Pair } from "../testing/openssl-pki.ts";
import { clientFor, storedGroup, wantedGroup } from "../testing/service-client.ts";

let pki: OpensslPki;
let other: Pair;
beforeAll(() => {
  pki = opensslPki();
  other = pki.issue("other");
});
afterAll(() => pki.remove());

const wanted = () => wantedGroup(pki.root.certPem);
const stored = (more?: Record<string, unknown>) => storedGroup(pki.root.certPem, more);
const lost = { breaks: "ECONNRESET" };
const exists = { status: 409, body: { errorCode: 409202 } };
const absent = { status: 404, body: { errorCode: 404202 } };
const stale = { status: 412 };
const methods = (seen: { method: string }[]) => seen.map(({ method }) => method).join(" ");

describe("create", () => {
  it("writes without If-Match, and sends nothing that the service sets itself", async () => {
    const { client, seen } = clientFor([{ body: stored() }]);
    const created = await client.groups.create({ ...stored(), ...wanted() });
    expect(created).toMatchObject({ etag: "e1" });
    expect(seen[0]?.headers["if-match"]).toBeUndefined();
    expect(Object.keys(seen[0]?.body as object).sort()).toEqual([
      "attestation",
      "enrollmentGroupId",
      "provisioningStatus",
    ]);
  });

  it("sends one certificate alone: no private key beside it, no info of another", async () => {
    const { client, seen } = clientFor([{ body: stored() }]);
    const { signingCertificates } = stored().attestation.x509 ?? {};
    const certificate = pki.root.keyPem + pki.root.certPem;
    const x509 = {
      signingCertificates: { primary: { ...signingCertificates?.primary, certificate } },
    };
    await client.groups.create({ ...wanted(), attestation: { type: "x509", x509 } });
    const base64 = Buffer.from(pki.root.certPem).toString("base64");
    expect(seen[0]?.body).toMatchObject({
      attestation: { x509: { signingCertificates: { primary: { certificate: base64 } } } },
    });
    expect(JSON.stringify(seen[0]?.body)).not.toContain("info");
  });

  it("reports one that exists", async () => {
    const { client } = clientFor([exists]);
    await expect(client.groups.create(wanted())).rejects.toMatchObject({
      code: "conflict",
      errorCode: 409202,
    });
  });

  it("is done if the answer was lost and the group is there as it was sent", async () => {
    const { client } = clientFor([lost, exists, { body: stored() }]);
    expect(await client.groups.create(wanted())).toMatchObject({ etag: "e1" });
  });

  it("is refused if the group that is there is another one", async () => {
    const disabled = { body: stored({ provisioningStatus: "disabled" }) };
    const { client } = clientFor([lost, exists, disabled, lost, exists, { body: stored() }]);
    await expect(client.groups.create(wanted())).rejects.toMatchObject({ code: "conflict" });
    await expect(client.groups.create(wantedGroup(other.certPem))).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("gives the keys that the service drew when that answer was lost", async () => {
    const type = "symmetricKey";
    const keys = { type, symmetricKey: { primaryKey: "AAAA", secondaryKey: "BBBB" } };
    const there = { body: { registrationId: "d", attestation: { type } } };
    const { client } = clientFor([lost, exists, there, { body: keys }]);
    const created = await client.enrollments.create({ registrationId: "d", attestation: { type } });
    expect(created.attestation).toEqual(keys);
  });

  it.each<[object, string]>([
    [{ provisioningStatus: "paused" }, "provisioningStatus"],
    [{ attestation: undefined }, "attestation"],
    [
      { attestation: { type: "symmetricKey", symmetricKey: { primaryKey: "s3cret" } } },
      "attestation.symmetricKey.primaryKey",
    ],
    [
      {
        attestation: {
          type: "x509",
          x509: { signingCertificates: { primary: { certificate: "s3cret" } } },
        },
      },
      "attestation.x509.signingCertificates.primary.certificate",
    ],
    [{ initialTwin: { tags: { big: "x".repeat(96 * 1024) } } }, "the value"],
  ])("sends nothing that the service cannot take, and says what it is: %#", async (more, path) => {
    const { client, seen } = clientFor([]);
    const error: unknown = await client.groups
      .create({ ...wanted(), ...more } as EnrollmentGroup)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(path),
    });
    expect(String(error)).not.toContain("s3cret");
    expect(seen).toEqual([]);
  });
});

describe("createOrUpdate", () => {
  it("creates what is not there", async () => {
    const { client, seen } = clientFor([absent, { body: stored() }]);
    expect(await client.groups.createOrUpdate(wanted())).toMatchObject({ etag: "e1" });
    expect(methods(seen)).toBe("GET PUT");
    expect(seen[1]?.headers["if-match"]).toBeUndefined();
  });

  it("changes what is there, keeping what is not given and is not known here", async () => {
    const group = stored({ credentialPolicyName: "p", initialTwin: { tags: { site: 7 } } });
    const { client, seen } = clientFor([{ body: group }, { body: group }]);
    const initialTwin = { tags: { floor: 2 } };
    const { attestation } = wanted();
    await client.groups.createOrUpdate({
      enrollmentGroupId: "thermostats",
      attestation,
      initialTwin,
    });
    expect(seen[1]).toMatchObject({ method: "PUT", headers: { "if-match": "e1" } });
    expect(seen[1]?.body).toMatchObject({
      credentialPolicyName: "p",
      provisioningStatus: "enabled",
      initialTwin: { tags: { site: 7, floor: 2 } },
    });
  });

  it("writes nothing if nothing would change", async () => {
    const { client, seen } = clientFor([{ body: stored() }]);
    expect(await client.groups.createOrUpdate(wanted())).toEqual(stored());
    expect(methods(seen)).toBe("GET");
  });

  it("looks again when somebody else was faster, wherever that was", async () => {
    const { client, seen } = clientFor([
      absent,
      exists,
      { body: stored({ provisioningStatus: "disabled", note: "theirs" }) },
      stale,
      { body: stored({ provisioningStatus: "disabled", note: "theirs", etag: "e2" }) },
      absent,
      absent,
      { body: stored({ etag: "e9" }) },
    ]);
    expect(await client.groups.createOrUpdate(wanted())).toMatchObject({ etag: "e9" });
    expect(methods(seen)).toBe("GET PUT GET PUT GET PUT GET PUT");
    expect(seen.map(({ headers }) => headers["if-match"])).toEqual([
      ...[undefined, undefined, undefined, "e1", undefined, "e2", undefined, undefined],
    ]);
    expect(seen[5]?.body).toMatchObject({ note: "theirs", provisioningStatus: "enabled" });
  });

  it("gives up after its last round, with chance between the rounds", async () => {
    const runtime = { ...fakeRuntime(), random: () => 0.5 };
    const round = [{ body: stored({ provisioningStatus: "disabled" }) }, stale];
    const { client, seen } = clientFor([...round, ...round, ...round], { runtime });
    await expect(client.groups.createOrUpdate(wanted(), { rounds: 3 })).rejects.toMatchObject({
      code: "etag-mismatch",
    });
    expect(seen).toHaveLength(6);
    expect(runtime.waits).toEqual([10, 20]);
  });

  it.each([0, -1, 1.5])("refuses %d rounds", async (rounds) => {
    const { client } = clientFor([]);
    await expect(client.groups.createOrUpdate(wanted(), { rounds })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("writes just what is given on the condition that is given", async () => {
    const { client, seen } = clientFor([{ body: stored() }, stale]);
    await client.groups.createOrUpdate(wanted(), { ifMatch: "*" });
    expect(seen[0]).toMatchObject({ method: "PUT", headers: { "if-match": "*" } });
    await expect(client.groups.createOrUpdate(wanted(), { ifMatch: "e1" })).rejects.toMatchObject({
      code: "etag-mismatch",
    });
    expect(seen).toHaveLength(2);
  });

  it("is done if the answer was lost and the group is there as it was sent", async () => {
    const { client, seen } = clientFor([lost, stale, { body: stored({ etag: "e2" }) }]);
    const { groups } = client;
    expect(await groups.createOrUpdate(wanted(), { ifMatch: "e1" })).toMatchObject({ etag: "e2" });
    expect(methods(seen)).toBe("PUT GET");
  });

  it("does not write blind where the service gives no etag", async () => {
    const body = stored({ etag: null, provisioningStatus: "disabled" });
    const { client } = clientFor([{ body }]);
    await expect(client.groups.createOrUpdate(wanted())).rejects.toMatchObject({
      code: "protocol",
    });
  });

  it("judges what is given, and not what the service has by newer rules", async () => {
    const newer = stored({ allocationPolicy: "nearest" });
    const { client, seen } = clientFor([{ body: newer }, { body: newer }, { body: newer }]);
    await client.groups.createOrUpdate({ ...wanted(), provisioningStatus: "disabled" });
    expect(seen[1]?.body).toMatchObject({ allocationPolicy: "nearest" });
    await expect(
      client.groups.createOrUpdate({ ...wanted(), allocationPolicy: "farthest" }),
    ).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("createOrUpdate of an enrollment with symmetric keys", () => {
  const key = (byte: number) => Buffer.alloc(16, byte).toString("base64");
  const type = "symmetricKey";
  const keys = { type, symmetricKey: { primaryKey: key(1), secondaryKey: key(2) } };
  const enrollment = (more: Partial<IndividualEnrollment> = {}): IndividualEnrollment => ({
    registrationId: "d",
    attestation: { type },
    etag: "e1",
    ...more,
  });
  const item = (symmetricKey: { [member: string]: string | null }) =>
    enrollment({ attestation: { type, symmetricKey } });

  it("sends the keys that GET does not tell, lest the service draws new ones", async () => {
    const steps = [{ body: enrollment() }, { body: keys }, { body: enrollment() }];
    const { client, seen } = clientFor(steps);
    await client.enrollments.createOrUpdate(enrollment({ deviceId: "other" }));
    expect(seen[2]?.body).toMatchObject({ deviceId: "other", attestation: keys });
  });

  it("replaces the key that is given and keeps the other", async () => {
    const steps = [{ body: enrollment() }, { body: keys }, { body: enrollment() }];
    const { client, seen } = clientFor(steps);
    const { enrollments } = client;
    await enrollments.createOrUpdate(item({ primaryKey: null, secondaryKey: key(3) }));
    expect(seen[2]?.body).toMatchObject({
      attestation: { symmetricKey: { primaryKey: key(1), secondaryKey: key(3) } },
    });
  });

  it("writes nothing if the keys are the same, or none are given", async () => {
    const { client, seen } = clientFor([
      { body: enrollment() },
      { body: keys },
      { body: enrollment() },
    ]);
    await client.enrollments.createOrUpdate(item({ primaryKey: key(1) }));
    await client.enrollments.createOrUpdate(enrollment());
    expect(methods(seen)).toBe("GET POST GET");
  });

  it("has the service draw them where it was of another kind", async () => {
    const before = { ...stored(), registrationId: "d" };
    const { client, seen } = clientFor([{ body: before }, { body: enrollment() }]);
    await client.enrollments.createOrUpdate(enrollment());
    expect(seen[1]?.body).toMatchObject({ attestation: { type } });
  });
});

describe("update", () => {
  it("writes what the change makes of what is stored", async () => {
    const { client, seen } = clientFor([{ body: stored() }, { body: stored({ etag: "e2" }) }]);
    const updated = await client.groups.update("thermostats", (group) => ({
      ...group,
      provisioningStatus: "disabled",
    }));
    expect(updated.etag).toBe("e2");
    expect(seen[1]?.headers["if-match"]).toBe("e1");
    const { etag, createdDateTimeUtc, ...sent } = stored({ provisioningStatus: "disabled" });
    expect(seen[1]?.body).toEqual(sent);
  });

  it("makes the change again to what somebody else made of it", async () => {
    const { client, seen } = clientFor([
      { body: stored({ count: 1 }) },
      stale,
      { body: stored({ count: 5, etag: "e2" }) },
      { body: stored() },
    ]);
    await client.groups.update("thermostats", async (group) => ({
      ...group,
      count: Number(group.count) + 1,
    }));
    expect(seen.at(-1)).toMatchObject({ body: { count: 6 }, headers: { "if-match": "e2" } });
  });

  it("writes nothing where nothing changes, and removes what the change leaves out", async () => {
    const { client, seen } = clientFor([
      { body: stored() },
      { body: stored({ iotHubHostName: "h" }) },
      { body: stored() },
    ]);
    await client.groups.update("thermostats", (group) => group);
    await client.groups.update("thermostats", ({ iotHubHostName: _, ...group }) => group);
    expect(methods(seen)).toBe("GET GET PUT");
    expect(seen[2]?.body).not.toHaveProperty("iotHubHostName");
  });

  it("reports what is not there, before and while it is changed", async () => {
    const { client } = clientFor([absent, { body: stored() }, stale, absent]);
    const disable = (group: EnrollmentGroup) => ({ ...group, provisioningStatus: "disabled" });
    for (const _ of [1, 2]) {
      await expect(client.groups.update("thermostats", disable)).rejects.toMatchObject({
        code: "not-found",
      });
    }
  });

  it.each<[string, (group: EnrollmentGroup) => unknown]>([
    ["another id", (group) => ({ ...group, enrollmentGroupId: "other" })],
    ["nothing", () => undefined],
    ["no attestation", ({ attestation: _, ...group }) => group],
    [
      "two kinds of certificates",
      (group) => ({
        ...group,
        attestation: {
          type: "x509",
          x509: { ...group.attestation.x509, caReferences: { primary: "a" } },
        },
      }),
    ],
  ])("refuses a change that gives %s", async (_, change) => {
    const { client, seen } = clientFor([{ body: stored() }]);
    const { groups } = client;
    await expect(
      groups.update("thermostats", change as (group: EnrollmentGroup) => EnrollmentGroup),
    ).rejects.toMatchObject({ code: "invalid-argument" });
    expect(methods(seen)).toBe("GET");
  });

  it("passes on what the change throws", async () => {
    const { client } = clientFor([{ body: stored() }]);
    const failure = new Error("no");
    await expect(client.groups.update("thermostats", () => Promise.reject(failure))).rejects.toBe(
      failure,
    );
  });
});
