import { execFile, fork } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { exportPrivateKeyPem } from "@dps-certs/ca-tools";
import {
  DeviceRegistrationState,
  parseConnectionString,
  parseWire,
  servicePath,
} from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../start.ts";
import { deviceToken } from "../testing/device.ts";
import { fetchFrom } from "../testing/http.ts";
import { type Identity, issue, rootCa, uploadable } from "../testing/pki.ts";
import { startWebhook, type TestWebhook } from "../testing/webhook.ts";
import { type Json, sasToken, x509Attestation } from "../testing/world.ts";

const run = promisify(execFile);
const fileOf = (name: string) => fileURLToPath(new URL(`../testing/${name}`, import.meta.url));
const KEY = Buffer.alloc(32, 5).toString("base64");
const GROUP_KEY = Buffer.alloc(32, 6).toString("base64");
const HUB = "sdk-hub.azure-devices.net";

let folder: string;
let emulator: Emulator;
let webhook: TestWebhook;
let results: Json[];
let member: Identity;
let intermediate: Identity;

async function send(path: string, authorization: string, body: object): Promise<void> {
  const answer = await fetchFrom(emulator, "PUT", path, {
    headers: { authorization },
    body: JSON.stringify(body),
  });
  expect(answer.status, answer.text).toBe(200);
}

const derived = (id: string) =>
  createHmac("sha256", Buffer.from(GROUP_KEY, "base64")).update(id).digest("base64");
const shared = (primaryKey: string) => ({
  attestation: { type: "symmetricKey", symmetricKey: { primaryKey, secondaryKey: primaryKey } },
});
const pemOf = (...chain: Identity[]) => ({
  certificate: chain.map(({ certificate }) => certificate.pem).join(""),
  key: exportPrivateKeyPem((chain[0] as Identity).privateKey),
});

/** What the service is told beforehand, and the devices that then come. */
async function prepare(): Promise<object[]> {
  const root = await rootCa("Root");
  intermediate = await issue("intermediate", "Intermediate", root);
  const own = await rootCa("own-certificate");
  member = await issue("device", "with-chain", intermediate);
  const bare = await issue("device", "without-chain", intermediate);
  const { hostName, sharedAccessKey: key } = parseConnectionString(emulator.connectionString);
  const resource = encodeURIComponent(hostName);
  const expiresAt = new Date(Date.now() + 60_000);
  const sas = sasToken({ policies: [] } as never, { resource, key, expiresAt });
  const certificate = { properties: { certificate: uploadable(root), isVerified: true } };
  const certificates = `${servicePath(emulator)}/certificates/root?api-version=2022-12-12`;
  await send(certificates, `Bearer ${emulator.armToken}`, certificate);
  const group = (id: string, members: object) =>
    send(`/enrollmentGroups/${id}`, sas, { enrollmentGroupId: id, ...members });
  const enrollment = (id: string, members: object) =>
    send(`/enrollments/${id}`, sas, { registrationId: id, ...members });
  await group("by-certificate", x509Attestation(intermediate));
  await group("by-key", shared(GROUP_KEY));
  const clientCertificates = { primary: { certificate: uploadable(own) } };
  const x509 = { type: "x509", x509: { clientCertificates } };
  await enrollment("own-certificate", { attestation: x509, deviceId: "toaster" });
  await enrollment("own-key", shared(KEY));
  await enrollment("custom", {
    ...shared(KEY),
    allocationPolicy: "custom",
    customAllocationDefinition: { webhookUrl: webhook.url, apiVersion: "2021-10-01" },
  });
  await enrollment("failing", {
    ...shared(KEY),
    allocationPolicy: "static",
    iotHubs: ["nowhere.example"],
  });
  return [
    { id: "own-certificate", ...pemOf(own) },
    { id: "with-chain", ...pemOf(member, intermediate) },
    { id: "own-key", key: KEY },
    { id: "derived-key", key: derived("derived-key") },
    { id: "custom", key: KEY, payload: { model: "t-1" } },
    { id: "without-chain", ...pemOf(bare) },
    { id: "group-key", key: GROUP_KEY },
    { id: "failing", key: KEY },
  ];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dps-emulator-device-sdk-"));
  webhook = await startWebhook();
  webhook.say({ iotHubHostName: HUB, payload: { color: "red" } });
  emulator = await startEmulator({ stateDir: folder, retryAfterSeconds: 1, linkedHubs: [HUB] });
  const settings = { idScope: emulator.idScope, devices: await prepare() };
  const child = fork(fileOf("device-sdk.mjs"), {
    execArgv: ["--import", fileOf("port-443.mjs")],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: emulator.caFile,
      EMULATOR_PORT: `${emulator.port}`,
      SDK_SETTINGS: JSON.stringify(settings),
    },
  });
  let complaints = "";
  child.stderr?.on("data", (chunk) => {
    complaints += String(chunk);
  });
  results = await new Promise((resolve, reject) => {
    let sent: Json[] | undefined;
    child.on("message", (message: { results: Json[] }) => {
      sent = message.results;
    });
    child.once("close", () => (sent ? resolve(sent) : reject(new Error(complaints))));
  });
});
afterAll(async () => {
  await emulator.close();
  await webhook.close();
  rmSync(folder, { recursive: true });
});

/** What the SDK hands to the program: the registration's state. */
function expectAssigned(index: number, registrationId: string, deviceId = registrationId): Json {
  const { result, error } = results[index];
  expect(error).toBe(undefined);
  parseWire(DeviceRegistrationState, result, "a registration");
  expect(result).toMatchObject({ registrationId, deviceId, assignedHub: HUB, status: "assigned" });
  return result;
}

describe("Microsoft's device SDK over HTTPS", () => {
  it("registers with the certificate of an individual enrollment", () => {
    expect(expectAssigned(0, "own-certificate", "toaster").x509).toEqual({});
  });

  it("registers with a certificate and its chain in a group", () => {
    expect(expectAssigned(1, "with-chain").x509).toEqual({});
  });

  it("registers with the key of an individual enrollment", () => {
    expect(expectAssigned(2, "own-key")).not.toHaveProperty("x509");
  });

  it("registers with a key that is derived from a group's", () => {
    expect(expectAssigned(3, "derived-key")).not.toHaveProperty("x509");
  });

  it("sends a payload to a webhook, and gets one from it", () => {
    expect(expectAssigned(4, "custom").payload).toEqual({ color: "red" });
    const [request] = webhook.requests;
    expect(request?.body.deviceRuntimeContext.payload).toEqual({ model: "t-1" });
  });

  it("is refused without the chain, and with a group's key itself, in a form that it reads", () => {
    for (const [index, message] of [
      [5, "CA certificate not found."],
      [6, "Unauthorized"],
    ] as const) {
      const { error } = results[index];
      expect(error.name).toBe("UnauthorizedError");
      expect(JSON.parse(error.responseBody)).toMatchObject({ errorCode: 401002, message });
    }
  });

  it("is told that a registration failed", () => {
    expect(results[7].error).toMatchObject({
      name: "ProvisioningRegistrationFailedError",
      result: { status: "failed", registrationState: { errorCode: 400208 } },
    });
  });
});

describe("beside the SDK", () => {
  const json = ["-H", "Content-Type: application/json", "-H", "Content-Encoding:  utf-8"];
  const file = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("curl registers with a token, as the documentation has it", async () => {
    const base = `https://localhost:${emulator.port}/${emulator.idScope}/registrations/own-key`;
    const sr = `${emulator.idScope}%2Fregistrations%2Fown-key`;
    const token = deviceToken({ sr, key: KEY, expiresAt: new Date(Date.now() + 60_000) });
    const curl = async (url: string, ...args: string[]) => {
      const common = [
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--cacert",
        emulator.caFile ?? "",
      ];
      const headers = [...json, "-H", `Authorization: ${token}`];
      const { stdout } = await run("curl", [...common, ...headers, ...args, `${base}${url}`]);
      return JSON.parse(stdout);
    };
    const body = ["-X", "PUT", "-d", '{"registrationId": "own-key"}'];
    const started = await curl("/register?api-version=2021-06-01", ...body);
    expect(started).toMatchObject({ status: "assigning" });
    const seen = await curl("?api-version=2021-06-01", "-X", "POST", "-d", "{}");
    expect(seen).toMatchObject({ assignedHub: HUB, status: "assigned" });
  });

  it("openssl s_client registers with a certificate and its chain", async () => {
    const { certificate, key } = pemOf(member);
    const body = '{"registrationId":"with-chain"}';
    const child = run("openssl", [
      ...["s_client", "-quiet", "-connect", `127.0.0.1:${emulator.port}`],
      ...["-servername", "localhost", "-CAfile", emulator.caFile ?? "", "-verify_return_error"],
      ...["-cert", file("leaf.pem", certificate), "-key", file("leaf.key", key)],
      ...["-cert_chain", file("chain.pem", intermediate.certificate.pem)],
    ]);
    child.child.stdin?.write(
      [
        `PUT /${emulator.idScope}/registrations/with-chain/register?api-version=2021-06-01 HTTP/1.1`,
        "Host: localhost",
        `Content-Length: ${body.length}`,
        "Connection: close",
        "",
        body,
      ].join("\r\n"),
    );
    const { stdout } = await child;
    expect(stdout).toMatch(/^HTTP\/1\.1 202 /);
    expect(stdout).toContain('"status":"assigning"');
  });
});
