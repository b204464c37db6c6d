import {
  CertificatesClient,
  EnrollmentClient,
  ProvisioningServicesClient,
  staticToken,
} from "@dps-certs/dps-client";
import type { Emulator } from "@dps-certs/dps-emulator";
import { afterAll, beforeAll, expect, it } from "vitest";
import { issued, selfSigned } from "../testing/issuing.ts";
import { all, clientsOf, type ServiceClients, startService } from "../testing/service.ts";

let emulator: Emulator;
let clients: ServiceClients;
beforeAll(async () => {
  emulator = await startService();
  clients = clientsOf(emulator);
});
afterAll(async () => {
  await clients.close();
  await emulator.close();
});

it("proves possession of a CA, from its upload to its end", async () => {
  const { certificates } = clients;
  const root = await selfSigned("management root");
  const { pem, sha1 } = root.certificate;
  const uploaded = await certificates.upload("root", pem);
  expect(uploaded.properties).toMatchObject({ thumbprint: sha1, isVerified: false });
  await expect(certificates.upload("root", pem)).rejects.toMatchObject({ code: "etag-mismatch" });

  const proof = async (code: string, by = root) =>
    (await issued(code, by, { profile: "verification" })).certificate.pem;
  const other = await selfSigned("somebody else");
  await expect(
    certificates.provePossession("root", (code) => proof(code, other)),
  ).rejects.toMatchObject({ code: "proof-of-possession-failed", errorCode: 400053 });

  const code = await certificates.generateVerificationCode("root", { ifMatch: "*" });
  expect(code.properties.verificationCode).toMatch(/^[0-9A-F]{48}$/);
  const stale = { ifMatch: uploaded.etag };
  const signed = await proof(code.properties.verificationCode);
  await expect(certificates.verify("root", signed, stale)).rejects.toMatchObject({
    code: "etag-mismatch",
    errorCode: 412001,
  });
  const verified = await certificates.verify("root", signed, { ifMatch: code.etag });
  expect(verified.properties.isVerified).toBe(true);

  // What is proven already needs no signature.
  const again = await certificates.provePossession("root", () => {
    throw new Error("asked to sign");
  });
  expect(again.etag).toBe(verified.etag);
  const second = await certificates.upload("second", pem, { verified: true });
  expect((await certificates.list()).map(({ name }) => name).sort()).toEqual(["root", "second"]);
  await certificates.delete("second", { ifMatch: second.etag });
  await certificates.delete("root", { ifMatch: "*" });
  expect(await certificates.find("root")).toBeUndefined();
  await expect(certificates.get("root")).rejects.toMatchObject({ code: "not-found" });
});

it("uploads with the flat body of older versions", async () => {
  const { certificate } = await selfSigned("old root");
  const { url: endpoint, caPem: ca, armToken } = emulator;
  await using old = new CertificatesClient({
    endpoint,
    ca,
    resource: emulator,
    credential: staticToken(armToken),
    apiVersion: "2021-10-15",
  });
  const { properties } = await old.upload("old", certificate.x509.raw, { verified: true });
  expect(properties).toMatchObject({ thumbprint: certificate.sha1, isVerified: true });
  await old.delete("old", { ifMatch: "*" });
});

it("finds the service and its keys, and gives what opens it", async () => {
  const { services } = clients;
  const { subscriptionId, resourceGroup, dpsName, hostName, idScope } = emulator;
  const subscriptions = await all(services.subscriptions());
  expect(subscriptions.map((one) => one.subscriptionId)).toEqual([subscriptionId]);
  for (const scope of [{ subscriptionId }, { subscriptionId, resourceGroup }]) {
    expect(await all(services.list(scope))).toMatchObject([{ name: dpsName }]);
  }
  const found = await services.find(dpsName.toUpperCase());
  expect(found.description.properties).toMatchObject({
    idScope,
    serviceOperationsHostName: hostName,
  });
  await expect(services.find("another")).rejects.toMatchObject({ code: "not-found" });

  const [owner, ...others] = await services.listKeys(found);
  expect([owner?.keyName, others]).toEqual(["provisioningserviceowner", []]);
  expect(await services.getKey(found, "provisioningserviceowner")).toEqual(owner);
  await expect(services.getKey(found, "nobody")).rejects.toMatchObject({ code: "not-found" });
  const connectionString = await services.connectionString(found);
  await using client = EnrollmentClient.fromConnectionString(connectionString, {
    endpoint: emulator.url,
    ca: emulator.caPem,
  });
  expect(await all(client.groups.query())).toEqual([]);
});

it("is refused with a token that the service did not give", async () => {
  const { url: endpoint, caPem: ca } = emulator;
  const credential = staticToken("not a token");
  await using services = new ProvisioningServicesClient({ endpoint, ca, credential });
  await expect(services.get(emulator)).rejects.toMatchObject({ code: "unauthorized", status: 401 });
});
