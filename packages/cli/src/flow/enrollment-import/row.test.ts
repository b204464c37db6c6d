import type { BulkMode, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type ImportItem, isFailure, type RowFailure, readImportRow } from "./row.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 8).toString("base64");
const PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

const read = (
  values: Record<string, unknown>,
  mode: BulkMode = "create",
): Promise<ImportItem | RowFailure> =>
  readImportRow({ line: 7, values }, mode, (id, given) => Promise.resolve(`${given} of ${id}`));

async function enrollmentOf(
  values: Record<string, unknown>,
  mode?: BulkMode,
  stored?: IndividualEnrollment,
): Promise<unknown> {
  const row = await read({ registrationId: "d", ...values }, mode);
  return isFailure(row) ? row.message : row.apply(stored);
}

async function problemOf(values: Record<string, unknown>, mode?: BulkMode): Promise<unknown> {
  const row = await read(values, mode);
  return isFailure(row) ? row : undefined;
}

describe("a row of an import", () => {
  it.each([
    [
      { certificate: "a.pem", secondaryCertificate: "b.pem" },
      {
        type: "x509",
        x509: {
          clientCertificates: {
            primary: { certificate: "a.pem of d" },
            secondary: { certificate: "b.pem of d" },
          },
        },
      },
    ],
    [{ caReference: "root" }, { type: "x509", x509: { caReferences: { primary: "root" } } }],
    [{ attestation: "SYMMETRICKEY" }, { type: "symmetricKey" }],
    [
      { primaryKey: KEY, secondaryKey: OTHER_KEY },
      { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: OTHER_KEY } },
    ],
    [{ endorsementKey: KEY }, { type: "tpm", tpm: { endorsementKey: KEY } }],
  ])("says by %j how the device shows who it is", async (values, attestation) => {
    expect(await enrollmentOf(values)).toEqual({ registrationId: "d", attestation });
  });

  it.each([
    [{ provisioningStatus: "Disabled" }, { provisioningStatus: "disabled" }],
    [{ deviceId: "Hub Name" }, undefined],
    [{ deviceId: "hub-name" }, { deviceId: "hub-name" }],
    [{ iotHubHostName: "h.azure-devices.net" }, { iotHubHostName: "h.azure-devices.net" }],
    [
      { allocationPolicy: "static", iotHubs: "a.azure-devices.net; b.azure-devices.net" },
      { allocationPolicy: "static", iotHubs: ["a.azure-devices.net", "b.azure-devices.net"] },
    ],
    [{ edgeEnabled: "true" }, { capabilities: { iotEdge: true } }],
    [{ edgeEnabled: false }, { capabilities: { iotEdge: false } }],
    [
      { reprovision: "never" },
      { reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: false } },
    ],
    [{ initialTwin: '{"tags":{"a":1}}' }, { initialTwin: { tags: { a: 1 } } }],
    [{ initialTwin: { properties: {} } }, { initialTwin: { properties: {} } }],
    [{ optionalDeviceInformation: '{"x":1}' }, { optionalDeviceInformation: { x: 1 } }],
    [{ etag: "e", deviceId: null }, {}],
  ])("has the settings %j", async (values, members) => {
    const made = await enrollmentOf({ attestation: "symmetricKey", ...values });
    if (members === undefined) expect(made).toMatch(/^deviceId must be/);
    else
      expect(made).toEqual({
        registrationId: "d",
        attestation: { type: "symmetricKey" },
        ...members,
      });
  });

  it.each([
    [{}, /^registrationId is missing/],
    [{ registrationId: "a b" }, /letters, digits/],
    [{ registrationId: 12 }, /^registrationId must be text/],
    [{ registrationId: "d" }, /does not say how the device/],
    [{ registrationId: "d", colour: "red" }, /"colour" is no member/],
    [{ registrationId: "d", certificate: PEM, primaryKey: KEY }, /exclude one another/],
    [{ registrationId: "d", attestation: "tpm", certificate: PEM }, /does not go with/],
    [{ registrationId: "d", attestation: "x509" }, /needs a certificate/],
    [{ registrationId: "d", attestation: "tpm" }, /needs its endorsementKey/],
    [{ registrationId: "d", storageRootKey: KEY }, /needs its endorsementKey/],
    [{ registrationId: "d", attestation: "magic" }, /one of x509, symmetricKey, tpm/],
    [{ registrationId: "d", primaryKey: "short" }, /symmetricKey.primaryKey.* must be/],
    [{ registrationId: "d", secondaryCertificate: PEM }, /primary/],
    [{ registrationId: "d", caReference: "r", edgeEnabled: "yes" }, /one of true, false/],
    [
      { registrationId: "d", caReference: "r", initialTwin: "{" },
      /initialTwin must be a JSON object/,
    ],
    [
      { registrationId: "d", caReference: "r", initialTwin: { x: 1 } },
      /member that no initial twin has/,
    ],
    [{ registrationId: "d", caReference: "r", iotHubs: [1] }, /list of texts/],
    [{ registrationId: "d", caReference: "r", iotHubs: "a.b" }, /allocationPolicy must be/],
    [
      { registrationId: "d", attestation: { type: "none" }, primaryKey: KEY },
      /cannot stand beside/,
    ],
    [{ registrationId: "d", attestation: { type: "x509" } }, /^attestation/],
  ])("is told what is wrong with %j", async (values, words) => {
    expect(await problemOf(values)).toMatchObject({
      line: 7,
      code: "bad-row",
      message: expect.stringMatching(words),
    });
  });

  it("changes what it gives of an enrollment that is there, and nothing else", async () => {
    const stored = {
      registrationId: "D",
      etag: "e",
      newer: { x: 1 },
      deviceId: "hub",
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
    } as IndividualEnrollment;
    const update = (values: Record<string, unknown>) => enrollmentOf(values, "update", stored);
    expect(await update({ provisioningStatus: "disabled" })).toEqual({
      ...stored,
      provisioningStatus: "disabled",
    });
    expect(await update({ secondaryKey: OTHER_KEY })).toEqual({
      ...stored,
      attestation: {
        type: "symmetricKey",
        symmetricKey: { primaryKey: KEY, secondaryKey: OTHER_KEY },
      },
    });
  });

  it("may be an enrollment as the service has it, whose unknown members stay", async () => {
    const item = { attestation: { type: "symmetricKey" }, newer: { x: [1] }, deviceId: "y" };
    expect(await enrollmentOf({ ...item, etag: "e" })).toEqual({ registrationId: "d", ...item });
  });

  it("needs its etag where that is the condition, and only its id where it is to be deleted", async () => {
    const key = { registrationId: "d", attestation: "symmetricKey" };
    expect(await problemOf(key, "updateIfMatchETag")).toMatchObject({ message: "etag is missing" });
    expect(await read({ ...key, etag: "e" }, "updateIfMatchETag")).toMatchObject({ etag: "e" });
    expect(await read({ registrationId: "d", certificate: "gone.pem" }, "delete")).toMatchObject({
      id: "d",
    });
  });

  test.prop([
    fc.dictionary(
      fc.constantFrom(
        "primaryKey",
        "secondaryKey",
        "endorsementKey",
        "etag",
        "initialTwin",
        "edgeEnabled",
      ),
      fc.constantFrom("s3cret-VALUE", { "s3cret-VALUE": "s3cret-VALUE" }, ["s3cret-VALUE"], 1),
    ),
    fc.constantFrom<BulkMode>("create", "update", "updateIfMatchETag", "delete"),
  ])("never has its values told", async (values, mode) => {
    const row = await read({ registrationId: "d", ...values }, mode);
    if (isFailure(row)) expect(JSON.stringify(row)).not.toContain("s3cret");
  });
});
