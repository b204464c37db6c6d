import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseConnectionString } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../start.ts";
import { fetchFrom } from "../testing/http.ts";
import { type Identity, issue, rootCa } from "../testing/pki.ts";
import type { Json } from "../testing/world.ts";

const SCRIPT = fileURLToPath(new URL("../testing/management-sdk.mjs", import.meta.url));
let folder: string;
let emulator: Emulator;
let ca: Identity;
let steps: Json;

/** Lets the SDK do its work in a process that trusts the emulator's CA, and proves for it. */
async function runSdk(sdk?: string): Promise<Json> {
  const { url, tenantId, clientId, clientSecret, caFile = "" } = emulator;
  const { subscriptionId, resourceGroup, dpsName } = emulator;
  const settings = {
    ...{ url, tenantId, clientId, clientSecret, subscriptionId, resourceGroup, dpsName },
    ...{ caPem: ca.certificate.pem, sdk },
  };
  const child = fork(SCRIPT, {
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: caFile,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: url,
      SDK_SETTINGS: JSON.stringify(settings),
    },
  });
  let complaints = "";
  child.stderr?.on("data", (chunk) => {
    complaints += String(chunk);
  });
  return await new Promise((resolve, reject) => {
    let result: Json;
    const prove = async (code: string) => {
      const { certificate } = await issue("verification", code, ca);
      child.send({ certificate: certificate.pem });
    };
    child.on("message", (message: { code?: string; steps?: Json }) => {
      if (message.code !== undefined) prove(message.code).catch(reject);
      else result = message.steps;
    });
    child.once("close", () => (result ? resolve(result) : reject(new Error(complaints))));
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dps-emulator-sdk-"));
  emulator = await startEmulator({ stateDir: folder, msi: true });
  ca = await rootCa("Plant");
  steps = await runSdk();
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});

/** The whole life of a certificate, as every version of the SDK sees it. */
function expectLifecycle(certificates: Json): void {
  const { uploaded, replaced, code, stale, verified, list, found, gone } = certificates;
  expect(uploaded).toMatchObject({
    name: "plant-ca",
    properties: { subject: "Plant", isVerified: false, thumbprint: ca.certificate.sha1 },
  });
  // A date that the SDK cannot read is no date any more.
  expect(Date.parse(uploaded.properties.expiry)).toBe(
    Math.floor(ca.certificate.notAfter.getTime() / 1000) * 1000,
  );
  expect(new Set([uploaded, replaced, code, verified].map(({ etag }) => etag)).size).toBe(4);
  expect(code.properties.verificationCode).toMatch(/^[0-9A-F]{48}$/);
  expect(stale).toMatchObject({ name: "RestError", statusCode: 412 });
  expect(verified.properties.isVerified).toBe(true);
  expect(list.map(({ name }: { name: string }) => name)).toEqual(["plant-ca"]);
  expect(found).toMatchObject({ etag: verified.etag, properties: { isVerified: true } });
  expect(gone).toMatchObject({ name: "RestError", statusCode: 404 });
}

describe("Microsoft's management SDK", () => {
  it("gets a token, uploads a CA, proves possession, lists, gets and deletes", () => {
    expectLifecycle(steps.certificates);
  });

  it("sees the one service, its keys and its sku", () => {
    const { bySubscription, byGroup, found, skus, keys, key, name } = steps.service;
    expect(bySubscription.map((one: Json) => one.name)).toEqual([emulator.dpsName]);
    expect(byGroup.map((one: Json) => one.name)).toEqual([emulator.dpsName]);
    expect(found.properties).toMatchObject({
      idScope: emulator.idScope,
      serviceOperationsHostName: emulator.hostName,
      state: "Active",
    });
    expect(skus).toEqual([{ name: "S1" }]);
    expect(keys).toEqual([key]);
    expect(key.primaryKey).toBe(parseConnectionString(emulator.connectionString).sharedAccessKey);
    expect(name).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
  });

  it("waits for the operation that a PUT begins, and changes tags", () => {
    const { put, patched, found } = steps.service;
    expect(put).toMatchObject({ tags: { plant: "north" }, properties: { state: "Active" } });
    expect(put.properties.idScope).toBe(emulator.idScope);
    expect(patched.tags).toEqual({ plant: "south" });
    expect(found.etag).toBe(patched.etag);
    expect(found.etag).not.toBe(put.etag);
  });

  it("is told that the one service cannot be deleted", () => {
    expect(steps.service.deleted).toMatchObject({ name: "RestError", statusCode: 409 });
  });

  it.skipIf(!process.env.ARM_SDK_6)("does the same in version 6", async () => {
    expectLifecycle((await runSdk(process.env.ARM_SDK_6)).certificates);
  });
});

describe("Microsoft's identity library", () => {
  it("is refused with a wrong client secret, in words that it understands", () => {
    expect(steps.wrongSecret.message).toMatch(/invalid_client.*7000215/);
  });

  it("gets a token for the service data plane, with a secret or as a managed identity", async () => {
    for (const token of [steps.serviceToken, steps.managedIdentity]) {
      const { status } = await fetchFrom(emulator, "GET", "/enrollmentGroups/none", {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(status).toBe(404);
    }
  });

  it("lets the management SDK in as a managed identity", () => {
    expect(steps.managedClient).toEqual({ value: [] });
  });
});
