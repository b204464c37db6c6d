import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servicePath } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../start.ts";
import { fetchFrom } from "../testing/http.ts";
import { type Identity, rootCa, uploadable } from "../testing/pki.ts";
import { refusalOf, type ServiceSdk, startServiceSdk } from "../testing/service-sdk.ts";
import { x509Attestation } from "../testing/world.ts";

const KEYS = {
  primaryKey: Buffer.alloc(32, 1).toString("base64"),
  secondaryKey: Buffer.alloc(32, 2).toString("base64"),
};

let folder: string;
let emulator: Emulator;
let sdk: ServiceSdk;
let root: Identity;
let other: Identity;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dps-emulator-service-sdk-"));
  emulator = await startEmulator({ stateDir: folder });
  sdk = startServiceSdk(emulator);
  [root, other] = [await rootCa("Root"), await rootCa("Other")];
  const body = JSON.stringify({ properties: { certificate: uploadable(root) } });
  const path = `${servicePath(emulator)}/certificates/Plant?api-version=2022-12-12`;
  const headers = { authorization: `Bearer ${emulator.armToken}` };
  expect((await fetchFrom(emulator, "PUT", path, { headers, body })).status).toBe(200);
});
afterAll(async () => {
  sdk.close();
  await emulator.close();
  rmSync(folder, { recursive: true });
});

const NO_ETAG = { name: "InvalidEtagError", status: 412, errorCode: 412001 };
const symmetric = (symmetricKey?: object) => ({
  attestation: { type: "symmetricKey", symmetricKey },
});
const ca = () => ({ attestation: { type: "x509", x509: { caReferences: { primary: "plant" } } } });
const clientCertificates = (primary: Identity, secondary: Identity) => ({
  attestation: {
    type: "x509",
    x509: {
      clientCertificates: {
        primary: { certificate: uploadable(primary) },
        secondary: { certificate: uploadable(secondary) },
      },
    },
  },
});

/** Both kinds of records have the same operations in the SDK, under names of their own. */
const KINDS = [
  {
    kind: "an individual enrollment",
    name: "IndividualEnrollment",
    idMember: "registrationId",
    existing: 409201,
    missing: 404201,
    certificates: "clientCertificates",
    x509: clientCertificates,
  },
  {
    kind: "an enrollment group",
    name: "EnrollmentGroup",
    idMember: "enrollmentGroupId",
    existing: 409202,
    missing: 404202,
    certificates: "signingCertificates",
    x509: x509Attestation,
  },
];

describe.each(KINDS)("Microsoft's service SDK with $kind", (of) => {
  const { name, idMember } = of;
  const put = (id: string, members: object) =>
    sdk.call(`createOrUpdate${name}`, { [idMember]: id, ...members });
  const refusedPut = (id: string, members: object) =>
    sdk.refused(`createOrUpdate${name}`, { [idMember]: id, ...members });
  const get = (id: string) => sdk.call(`get${name}`, id);
  const keysOf = (id: string) => sdk.call(`get${name}AttestationMechanism`, id);

  it("makes one whose keys are drawn, and told by PUT and the attestation mechanism alone", async () => {
    const made = await put("drawn", symmetric());
    const { primaryKey, secondaryKey } = made.attestation.symmetricKey;
    expect(Buffer.from(primaryKey, "base64")).toHaveLength(64);
    expect(secondaryKey).not.toBe(primaryKey);
    expect((await get("drawn")).attestation).toEqual({ type: "symmetricKey" });
    expect(await keysOf("drawn")).toEqual(made.attestation);
  });

  it("makes one with given keys, which a PUT of what was got leaves alone", async () => {
    await put("given", symmetric(KEYS));
    const again = await put("given", { ...(await get("given")), provisioningStatus: "disabled" });
    expect(again.provisioningStatus).toBe("disabled");
    expect((await keysOf("given")).symmetricKey).toEqual(KEYS);
  });

  it("makes one with certificates, which a PUT of what was got leaves alone", async () => {
    const made = await put("certificates", of.x509(root, other));
    const pair = { primary: { info: expect.anything() }, secondary: { info: expect.anything() } };
    expect(made.attestation).toEqual({ type: "x509", x509: { [of.certificates]: pair } });
    const { primary, secondary } = made.attestation.x509[of.certificates];
    expect(primary.info).toMatchObject({
      subjectName: "CN=Root",
      sha256Thumbprint: root.certificate.sha256,
    });
    expect(secondary.info.sha256Thumbprint).toBe(other.certificate.sha256);
    const got = await get("certificates");
    expect((await put("certificates", got)).attestation).toEqual(made.attestation);
    const { etag } = await get("certificates");
    const nulls = { primary: { certificate: null, ...primary }, secondary: null };
    const one = { type: "x509", x509: { [of.certificates]: nulls, caReferences: null }, tpm: null };
    const left = await put("certificates", { attestation: one, etag });
    expect(left.attestation.x509).toEqual({ [of.certificates]: { primary } });
    expect(await keysOf("certificates")).toEqual(left.attestation);
  });

  it("makes one that refers to a CA of the service, proven or not", async () => {
    const { attestation } = await put("reference", ca());
    expect(attestation).toEqual({ type: "x509", x509: { caReferences: { primary: "Plant" } } });
    expect((await put("reference", await get("reference"))).attestation).toEqual(attestation);
  });

  it("gets back what it made, and keeps what it sends back", async () => {
    const members = {
      ...symmetric(KEYS),
      provisioningStatus: "enabled",
      initialTwin: { tags: { site: "north" }, properties: { desired: { rate: 5 } } },
      capabilities: { iotEdge: true },
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      allocationPolicy: "custom",
      iotHubs: ["emulated-hub.azure-devices.net"],
      customAllocationDefinition: {
        webhookUrl: "https://hook.example/api",
        apiVersion: "2021-10-01",
      },
    };
    const made = await put("full", members);
    const { attestation, ...rest } = members;
    expect(made).toMatchObject({ [idMember]: "full", attestation, ...rest });
    const got = await get("full");
    expect(got).toMatchObject({ ...rest, etag: made.etag });
    const { etag, lastUpdatedDateTimeUtc, ...kept } = made;
    const again = await put("full", got);
    expect(again).toMatchObject(kept);
    expect(again.etag).not.toBe(etag);
    expect(Date.parse(again.createdDateTimeUtc)).not.toBeNaN();
  });

  it("updates with the etag, and is told DeviceAlreadyExistsError and InvalidEtagError", async () => {
    const made = await put("etags", symmetric(KEYS));
    expect(await refusedPut("etags", symmetric(KEYS))).toMatchObject({
      name: "DeviceAlreadyExistsError",
      errorCode: of.existing,
      status: 409,
    });
    const changed = await put("etags", { ...made, provisioningStatus: "disabled" });
    expect(await refusedPut("etags", made)).toMatchObject(NO_ETAG);
    expect(await get("etags")).toMatchObject({ etag: changed.etag });
  });

  it("deletes by id, by id and etag, and by what it got", async () => {
    const remove = (...args: unknown[]) => sdk.call(`delete${name}`, ...args);
    const stale = await put("deleted", symmetric());
    const fresh = await put("deleted", stale);
    expect(await sdk.refused(`delete${name}`, "deleted", stale.etag)).toMatchObject(NO_ETAG);
    expect(await sdk.refused(`delete${name}`, stale)).toMatchObject(NO_ETAG);
    await remove("deleted", fresh.etag);
    await put("deleted", symmetric());
    await remove(await get("deleted"));
    await put("deleted", symmetric());
    await remove("deleted");
    for (const operation of [`get${name}`, `delete${name}`, `get${name}AttestationMechanism`]) {
      const gone = { message: "Not found", status: 404, errorCode: of.missing };
      expect(await sdk.refused(operation, "deleted")).toMatchObject(gone);
    }
  });

  it("reads what is wrong with what it sends", async () => {
    const wrong = { name: "ArgumentError", status: 400, errorCode: 400004 };
    const hubs = { ...symmetric(), iotHubs: ["emulated-hub.azure-devices.net"] };
    expect(await refusedPut("wrong", hubs)).toEqual({
      ...wrong,
      message: expect.stringContaining("allocationPolicy must be"),
    });
    const references = { attestation: { type: "x509", x509: { caReferences: {} } } };
    expect(await refusedPut("wrong", references)).toMatchObject(wrong);
  });

  it("pages through all of them, and goes on from a continuation", async () => {
    for (let n = 1; n <= 4; n += 1) await put(`paged-${n}`, symmetric());
    const query = { query: "SELECT *" };
    const [all, ...none] = await sdk.pages(`create${name}Query`, [query]);
    expect(none).toEqual([]);
    expect(all?.itemType).toBe(name === "EnrollmentGroup" ? name : "Enrollment");
    const pages = await sdk.pages(`create${name}Query`, [query, 3]);
    expect(pages.flatMap(({ items }) => items)).toEqual(all?.items);
    expect(pages.slice(0, -1).every(({ items }) => items.length === 3)).toBe(true);
    expect(pages.length).toBeGreaterThan(1);
    const rest = await sdk.pages(`create${name}Query`, [query, 3], pages[0]?.next);
    expect(rest).toEqual(pages.slice(1));
    expect(all?.items.some((item) => "registrationState" in item)).toBe(false);
    expect(JSON.stringify(all?.items)).not.toMatch(/primaryKey|"certificate"/);
  });

  it("queries by a condition", async () => {
    await put("wanted", { ...symmetric(), provisioningStatus: "disabled", iotHubHostName: "here" });
    const text = `SELECT * FROM c WHERE iotHubHostName = 'here' AND ${idMember} = 'wanted'`;
    const pages = await sdk.pages(`create${name}Query`, [{ query: text }, 1]);
    expect(pages.map(({ items }) => items.map((item) => item[idMember]))).toEqual([["wanted"]]);
    const error = refusalOf(
      await sdk.ask({ operation: `create${name}Query`, args: [{ query: "SELECT id" }] }),
    );
    expect(error).toMatchObject({ name: "ArgumentError", errorCode: 400004 });
  });
});

describe("Microsoft's service SDK with individual enrollments alone", () => {
  const endorsementKey = Buffer.from("endorsement").toString("base64");

  it("makes one by TPM, and gets its key back", async () => {
    const attestation = { type: "tpm", tpm: { endorsementKey } };
    const made = await sdk.call("createOrUpdateIndividualEnrollment", {
      registrationId: "tpm",
      deviceId: "toaster",
      attestation,
    });
    expect(made).toMatchObject({ attestation, deviceId: "toaster" });
    const got = await sdk.call("getIndividualEnrollment", "tpm");
    expect(got).toMatchObject({ attestation, deviceId: "toaster" });
    const mechanism = await sdk.call("getIndividualEnrollmentAttestationMechanism", "tpm");
    expect(mechanism).toEqual(attestation);
    const group = { enrollmentGroupId: "tpm", attestation };
    expect(await sdk.refused("createOrUpdateEnrollmentGroup", group)).toMatchObject({
      name: "ArgumentError",
      errorCode: 400004,
    });
  });

  const bulk = (mode: string, ...enrollments: object[]) =>
    sdk.call("runBulkEnrollmentOperation", { mode, enrollments });
  const failed = (registrationId: string, errorCode: number) => ({
    isSuccessful: false,
    errors: [{ registrationId, errorCode, errorStatus: expect.any(String) }],
  });
  const done = { isSuccessful: true, errors: [] };

  it("creates, updates and deletes ten at once", async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `bulk-${n}`);
    const enrollments = ids.map((registrationId) => ({ registrationId, ...symmetric(KEYS) }));
    expect(await bulk("create", ...enrollments)).toEqual(done);
    const got = await Promise.all(ids.map((id) => sdk.call("getIndividualEnrollment", id)));
    const disabled = got.map((one) => ({ ...one, provisioningStatus: "disabled" }));
    expect(await bulk("update", ...disabled)).toEqual(done);
    const [stale] = got;
    expect(await bulk("updateIfMatchETag", stale)).toEqual(failed("bulk-0", 412001));
    const fresh = await sdk.call("getIndividualEnrollment", "bulk-0");
    expect(fresh.provisioningStatus).toBe("disabled");
    expect(await bulk("updateIfMatchETag", fresh)).toEqual(done);
    const keys = await sdk.call("getIndividualEnrollmentAttestationMechanism", "bulk-0");
    expect(keys.symmetricKey).toEqual(KEYS);
    expect(await bulk("delete", ...ids.map((registrationId) => ({ registrationId })))).toEqual(
      done,
    );
    expect(await bulk("delete", { registrationId: "bulk-0" })).toEqual(failed("bulk-0", 404201));
  });

  it("is told which of several failed, and the others are made", async () => {
    const [taken, free] = ["taken", "free"].map((registrationId) => ({
      registrationId,
      ...symmetric(KEYS),
    })) as [object, object];
    expect(await bulk("create", taken)).toEqual(done);
    expect(await bulk("create", taken, free)).toEqual(failed("taken", 409201));
    expect(await bulk("update", taken)).toEqual(failed("taken", 409201));
    const made = await sdk.call("getIndividualEnrollment", "free");
    expect(made.provisioningStatus).toBe("enabled");
  });

  it("reads the refusal of an operation that is none", async () => {
    for (const operation of [
      { mode: "sometimes", enrollments: [] },
      { mode: "create", enrollments: Array(11).fill({ registrationId: "x", ...symmetric() }) },
    ]) {
      const error = await sdk.refused("runBulkEnrollmentOperation", operation);
      expect(error).toMatchObject({ name: "ArgumentError", status: 400, errorCode: 400004 });
    }
  });
});

describe("Microsoft's service SDK", () => {
  it("does the same with a bearer token for the scope that it names itself", async () => {
    const enrollmentGroupId = "by-token";
    const ask = (operation: string, ...args: unknown[]) =>
      sdk.ask({ operation, args, as: "token" });
    const made = await ask("createOrUpdateEnrollmentGroup", { enrollmentGroupId, ...symmetric() });
    expect(made).toMatchObject({ result: { enrollmentGroupId } });
    const keys = await ask("getEnrollmentGroupAttestationMechanism", enrollmentGroupId);
    expect(keys.result).toEqual(made.result.attestation);
    expect(await ask("deleteEnrollmentGroup", enrollmentGroupId)).toEqual({});
  });

  it("is told UnauthorizedError when its key is another one", async () => {
    const args = ["anything"];
    const answer = await sdk.ask({ operation: "getEnrollmentGroup", args, as: "stranger" });
    const error = { name: "UnauthorizedError", status: 401, errorCode: 401002 };
    expect(refusalOf(answer)).toMatchObject(error);
  });
});
