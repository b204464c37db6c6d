import { X509Certificate } from "node:crypto";
import type { EnrollmentGroup, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  EnrollmentClient,
  staticToken,
  symmetricKeys,
  tpm,
  x509ClientCertificates,
  x509SigningCertificates,
} from "../index.ts";
import { type Playback, type Recorded, startPlayback } from "../testing/playback.ts";
import { CERTIFICATES, DATA_HEADERS, GONE, pemOf, queryHeaders } from "../testing/recorded.ts";
import { TEST_KEY } from "../testing/sas-vectors.ts";

// Azure/azure-sdk-for-python, sdk/iothub/azure-iot-deviceprovisioning/tests/recordings/ (19 May 2023):
// test_enrollment_groups.py…x509_lifecycle.json at 0cb6befd2e9aba91c44cd17c4538d35905969f9f,
// …symmetrickey_lifecycle.json at 94956e701b37f0b5e7ea25821f0fa1108393cee4,
// …bulk_operations.json at 48baf69e67fdad54c0860b143c8e1b6c163b6608,
// test_individual_enrollments.py…x509_lifecycle.json at 747e6bd49848f08749f2f8fab732a197e7919def,
// …bulk_operations.json and …paging.json at 0cb6befd2e9aba91c44cd17c4538d35905969f9f.

let playback: Playback;
let client: EnrollmentClient;
beforeAll(async () => {
  playback = await startPlayback();
  const { url: endpoint, ca } = playback;
  client = new EnrollmentClient({ endpoint, ca, credential: staticToken("token") });
});
afterAll(async () => {
  await client.close();
  await playback.close();
});
afterEach(() => expect(playback.outcome()).toEqual({ differences: [], missing: 0 }));

const PEM = pemOf(CERTIFICATES.ca);
const VERSION = "api-version=2021-10-01";
const KEYS = { primaryKey: TEST_KEY, secondaryKey: TEST_KEY };
const WEBHOOK = { webhookUrl: "https://www.test.test", apiVersion: "2019-03-31" };
const POLICY = { updateHubAssignment: true, migrateDeviceData: true };

/** A certificate as the service answers it, from 2023 and of the certificate that is sent here. */
function infoOf(pem: string) {
  const { fingerprint, fingerprint256 } = new X509Certificate(pem);
  const info = {
    subjectName: "CN=enroll_cert_ead0363a",
    sha1Thumbprint: fingerprint.replaceAll(":", ""),
    sha256Thumbprint: fingerprint256.replaceAll(":", ""),
    issuerName: "CN=enroll_cert_ead0363a",
    notBeforeUtc: "2023-05-19T23:10:35Z",
    notAfterUtc: "2023-05-20T23:10:35Z",
    serialNumber: "3DE5133CD675F204229FDF9F87FACD69C6DA3A66",
    version: 3,
  };
  return { info };
}
/** The recorded service put what it got as primary into the secondary slot as well. */
const bothSlots = { primary: infoOf(PEM), secondary: infoOf(PEM) };

const recorded = (request: string, body: unknown, more: Partial<Recorded> = {}): Recorded => ({
  request: `${request}?${VERSION}`,
  headers: DATA_HEADERS,
  body,
  ...more,
});
const listed = (collection: string, itemType: string, items: readonly unknown[]): Recorded =>
  recorded(`POST /${collection}/query`, items, {
    sends: { query: "SELECT *" },
    headers: queryHeaders(itemType),
  });
const gone = (request: string): Recorded => recorded(request, undefined, GONE);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("an X.509 group", () => {
  const id = "x509_enroll_grp_ead0363a";
  const stored = {
    enrollmentGroupId: id,
    attestation: { type: "x509", x509: { signingCertificates: bothSlots } },
    etag: "IjBhMDA5ZjQxLTAwMDAtMDgwMC0wMDAwLTY0NjgwMWViMDAwMCI=",
    provisioningStatus: "enabled",
    reprovisionPolicy: POLICY,
    createdDateTimeUtc: "2023-05-19T23:10:35.7799084Z",
    lastUpdatedDateTimeUtc: "2023-05-19T23:10:35.7799084Z",
    allocationPolicy: "hashed",
  };
  const changed = {
    ...stored,
    etag: "IjBhMDBhNDQxLTAwMDAtMDgwMC0wMDAwLTY0NjgwMWViMDAwMCI=",
    provisioningStatus: "disabled",
    lastUpdatedDateTimeUtc: "2023-05-19T23:10:35.9703318Z",
    allocationPolicy: "custom",
    customAllocationDefinition: WEBHOOK,
  };
  const wanted: EnrollmentGroup = {
    enrollmentGroupId: id,
    attestation: x509SigningCertificates({ primary: PEM }),
    allocationPolicy: "hashed",
    provisioningStatus: "enabled",
    reprovisionPolicy: POLICY,
  };

  it("is created, listed, read, changed under its etag and deleted", async () => {
    const path = `/enrollmentGroups/${id}`;
    const change = {
      allocationPolicy: "custom",
      provisioningStatus: "disabled",
      customAllocationDefinition: WEBHOOK,
    } as const;
    const {
      etag: _,
      createdDateTimeUtc: _1,
      lastUpdatedDateTimeUtc: _2,
      ...writable
    } = { ...stored, ...change };
    playback.play([
      recorded(`PUT ${path}`, stored, { sends: wanted }),
      listed("enrollmentGroups", "EnrollmentGroup", [stored]),
      recorded(`GET ${path}`, stored),
      // The certificates go back as they came, as `info` alone: the service keeps them.
      recorded(`PUT ${path}`, changed, { ifMatch: stored.etag, sends: writable }),
      gone(`DELETE ${path}`),
      listed("enrollmentGroups", "EnrollmentGroup", []),
    ]);
    expect(await client.groups.create(wanted)).toEqual(stored);
    expect(await all(client.groups.query())).toEqual([stored]);
    expect(await client.groups.update(id, (group) => ({ ...group, ...change }))).toEqual(changed);
    await client.groups.delete(id);
    expect(await all(client.groups.query())).toEqual([]);
  });

  it("that is as wanted is not written again", async () => {
    playback.play([recorded(`GET /enrollmentGroups/${id}`, stored)]);
    expect(await client.groups.createOrUpdate(wanted)).toEqual(stored);
  });
});

describe("a group with symmetric keys", () => {
  const id = "sym_enroll_grp_c6f13a4a";
  const path = `/enrollmentGroups/${id}`;
  const told = { type: "symmetricKey", symmetricKey: KEYS };
  const withKeys = {
    enrollmentGroupId: id,
    attestation: told,
    etag: "IjBhMDAxZjQyLTAwMDAtMDgwMC0wMDAwLTY0NjgwMWVkMDAwMCI=",
    provisioningStatus: null,
    reprovisionPolicy: POLICY,
    createdDateTimeUtc: "2023-05-19T23:10:37.1406829Z",
    lastUpdatedDateTimeUtc: "2023-05-19T23:10:37.1406829Z",
    allocationPolicy: "geoLatency",
  };
  const withoutKeys = { ...withKeys, attestation: { type: "symmetricKey" } };

  it("tells its keys when it is written or asked for them, and a status of null as such", async () => {
    const wanted: EnrollmentGroup = {
      enrollmentGroupId: id,
      attestation: symmetricKeys(KEYS),
      allocationPolicy: "geoLatency",
      provisioningStatus: null,
      reprovisionPolicy: POLICY,
    };
    const second = { ...withKeys, enrollmentGroupId: "sym_enroll_grp2_c6f13a4a" };
    const drawn = { enrollmentGroupId: second.enrollmentGroupId, attestation: symmetricKeys({}) };
    playback.play([
      recorded(`PUT ${path}`, withKeys, { sends: wanted }),
      listed("enrollmentGroups", "EnrollmentGroup", [withoutKeys]),
      recorded(`GET ${path}`, withoutKeys),
      recorded(`POST ${path}/attestationmechanism`, told),
      // The service draws the keys that are not given.
      recorded(`PUT /enrollmentGroups/${second.enrollmentGroupId}`, second, { sends: drawn }),
      gone(`DELETE ${path}`),
    ]);
    expect(await client.groups.create(wanted)).toEqual(withKeys);
    expect(await all(client.groups.query())).toEqual([withoutKeys]);
    expect(await client.groups.get(id)).toEqual(withoutKeys);
    expect(await client.groups.attestation(id)).toEqual(told);
    expect((await client.groups.create(drawn)).attestation.symmetricKey).toEqual(KEYS);
    await client.groups.delete(id);
  });

  it("keeps its keys when something else changes", async () => {
    const change = {
      enrollmentGroupId: id,
      attestation: symmetricKeys({}),
      allocationPolicy: "custom",
      customAllocationDefinition: WEBHOOK,
      provisioningStatus: "disabled",
    } as const;
    const { etag: ifMatch } = withKeys;
    const changed = { ...withKeys, ...change, attestation: told, etag: "Ij0i" };
    const sends = { ...change, attestation: told, reprovisionPolicy: POLICY };
    playback.play([
      recorded(`GET ${path}`, withoutKeys),
      recorded(`POST ${path}/attestationmechanism`, told),
      recorded(`PUT ${path}`, changed, { ifMatch, sends }),
    ]);
    expect(await client.groups.createOrUpdate(change)).toEqual(changed);
  });
});

describe("bulk operations", () => {
  const success = { errors: [], isSuccessful: true };

  it("on groups are answered 200, with an error for each that was refused", async () => {
    const ids = ["x509_enroll_grp_300b3766", "sym_key_enroll_grp_300b3766"] as const;
    const groups: EnrollmentGroup[] = [
      { enrollmentGroupId: ids[0], attestation: x509SigningCertificates({ primary: PEM }) },
      { enrollmentGroupId: ids[1], attestation: symmetricKeys(KEYS) },
    ];
    const references = ids.map((enrollmentGroupId) => ({ enrollmentGroupId }));
    const errorStatus = "EnrollmentGroup already exists.";
    const refusals = ids.map((enrollmentGroupId) => ({
      enrollmentGroupId,
      errorCode: 409202,
      errorStatus,
    }));
    const bulk = (mode: string, items: readonly unknown[], answer: unknown) =>
      recorded("POST /enrollmentGroups", answer, { sends: { mode, enrollmentGroups: items } });
    playback.play([
      bulk("create", groups, success),
      bulk("update", groups, { errors: refusals, isSuccessful: false }),
      bulk("delete", references, success),
    ]);
    expect((await all(client.groups.bulk("create", groups))).map(({ ok }) => ok)).toEqual([
      true,
      true,
    ]);
    const error = expect.objectContaining({
      code: "conflict",
      errorCode: 409202,
      serviceMessage: errorStatus,
    });
    expect(await all(client.groups.bulk("update", groups))).toEqual([
      { ok: false, id: ids[0], index: 0, error },
      { ok: false, id: ids[1], index: 1, error },
    ]);
    expect((await all(client.groups.bulk("delete", references))).every(({ ok }) => ok)).toBe(true);
  });

  it("on enrollments name each refused one by its registration id", async () => {
    const ids = ["ind_enroll_tpm_9e563d5a", "sym_key_enrollment_9e563d5a"] as const;
    const endorsementKey = Buffer.alloc(314, "EK").toString("base64");
    const enrollments: IndividualEnrollment[] = [
      { registrationId: ids[0], attestation: tpm({ endorsementKey }), deviceId: "device_9e563d5a" },
      { registrationId: ids[1], attestation: symmetricKeys(KEYS) },
    ];
    const errors = [
      { registrationId: ids[1], errorCode: 409201, errorStatus: "Enrollment already exists." },
    ];
    const sends = { mode: "create", enrollments };
    playback.play([recorded("POST /enrollments", { errors, isSuccessful: false }, { sends })]);
    const outcomes = await all(client.enrollments.bulk("create", enrollments));
    expect(outcomes[0]).toEqual({ ok: true, id: ids[0], index: 0 });
    expect(outcomes[1]).toMatchObject({ ok: false, id: ids[1], error: { errorCode: 409201 } });
  });
});

describe("an individual enrollment", () => {
  const id = "x509_enrollment_c47537a6";
  const path = `/enrollments/${id}`;
  const stored = {
    registrationId: id,
    deviceId: "x509_device_c47537a6",
    attestation: { type: "x509", x509: { clientCertificates: bothSlots } },
    etag: "IjAwMDAxOWVkLTAwMDAtMDgwMC0wMDAwLTY0NjgwMWYzMDAwMCI=",
    provisioningStatus: "enabled",
    createdDateTimeUtc: "2023-05-19T23:10:43.9486465Z",
    lastUpdatedDateTimeUtc: "2023-05-19T23:10:43.9486465Z",
    allocationPolicy: "hashed",
  };
  const read = { ...stored, registrationState: { registrationId: id, status: "unassigned" } };

  it("has its registration in the answer to a read alone, and that does not go back", async () => {
    const wanted: IndividualEnrollment = {
      registrationId: id,
      deviceId: stored.deviceId,
      attestation: x509ClientCertificates({ primary: PEM }),
      allocationPolicy: "hashed",
      provisioningStatus: "enabled",
    };
    const { etag, createdDateTimeUtc: _1, lastUpdatedDateTimeUtc: _2, ...writable } = stored;
    const changed = { ...stored, provisioningStatus: "disabled", etag: "IjAwMDAxYmVkIg==" };
    playback.play([
      recorded(`PUT ${path}`, stored, { sends: wanted }),
      listed("enrollments", "Enrollment", [stored]),
      recorded(`GET ${path}`, read),
      recorded(`PUT ${path}`, changed, {
        ifMatch: etag,
        sends: { ...writable, provisioningStatus: "disabled" },
      }),
      gone(`DELETE ${path}`),
    ]);
    expect(await client.enrollments.create(wanted)).toEqual(stored);
    expect(await all(client.enrollments.query())).toEqual([stored]);
    const disable = (one: IndividualEnrollment) => ({
      ...one,
      provisioningStatus: "disabled" as const,
    });
    expect(await client.enrollments.update(id, disable)).toEqual(changed);
    await client.enrollments.delete(id);
  });

  it("of many comes page by page, in the service's order, though no size was asked for", async () => {
    const continuation = Buffer.from(
      '[{"token":"+RID:~rMZ2AIqyGg4=#RT:1#TRC:6#ISV:2","range":{"min":"05C1E399CD6732","max":"05C1E9CD673398"}}]',
    ).toString("base64");
    const page = (numbers: readonly number[]) =>
      numbers.map((number) => ({ ...stored, registrationId: `ind_enroll_tpm_${number}7cef397f` }));
    playback.play([
      {
        ...listed("enrollments", "Enrollment", page([94, 98, 99, 106])),
        headers: queryHeaders("Enrollment", continuation),
      },
      { ...listed("enrollments", "Enrollment", page([1, 5])), continuation },
    ]);
    const found = await all(client.enrollments.query());
    expect(found).toEqual(page([94, 98, 99, 106, 1, 5]));
  });
});
