/**
 * Microsoft's management SDK and identity library, unmodified, in a process of their own: what they
 * trust is told by NODE_EXTRA_CA_CERTS, which Node reads at its start alone. Takes its settings from
 * the environment, asks its parent for the proof of possession, and sends it what every step gave.
 */
import { once } from "node:events";
import { createRequire } from "node:module";
import { ClientSecretCredential, ManagedIdentityCredential } from "@azure/identity";

const settings = JSON.parse(process.env.SDK_SETTINGS ?? "{}");
const { url, tenantId, clientId, clientSecret, subscriptionId, caPem } = settings;
const place = [settings.resourceGroup, settings.dpsName];
const SDK = "@azure/arm-deviceprovisioningservices";
// Another version lies in a folder of its own: the newest does not run on every Node that we do.
const sdk = settings.sdk ? createRequire(`${settings.sdk}/`).resolve(SDK) : SDK;
const { IotDpsClient } = await import(sdk);
const steps = {};

const secretCredential = (secret) =>
  new ClientSecretCredential(tenantId, clientId, secret, {
    authorityHost: url,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
const clientOf = (credential) =>
  new IotDpsClient(credential, subscriptionId, {
    endpoint: url,
    $host: url,
    retryOptions: { maxRetries: 0 },
  });
const errorOf = async (promise) => {
  const error = await promise.then(
    () => ({ name: "none" }),
    (thrown) => thrown,
  );
  const { name, message, code, statusCode } = error;
  return { name, message, code, statusCode };
};
const all = async (items) => {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
};

async function proofFor(code) {
  process.send({ code });
  const [{ certificate }] = await once(process, "message");
  return certificate;
}

async function certificates(client, deleteArguments) {
  const { dpsCertificate } = client;
  const put = (options) =>
    dpsCertificate.createOrUpdate(
      ...place,
      "plant-ca",
      { properties: { certificate: Buffer.from(caPem) } },
      options,
    );
  const uploaded = await put();
  const replaced = await put({ ifMatch: uploaded.etag });
  const code = await dpsCertificate.generateVerificationCode("plant-ca", replaced.etag, ...place);
  const certificate = await proofFor(code.properties.verificationCode);
  const stale = await errorOf(
    dpsCertificate.verifyCertificate("plant-ca", uploaded.etag, ...place, { certificate }),
  );
  const verify = (etag) =>
    dpsCertificate.verifyCertificate("plant-ca", etag, ...place, { certificate });
  const verified = await verify(code.etag);
  const listed = await dpsCertificate.list(...place);
  const list = listed.value ?? (await all(listed));
  const found = await dpsCertificate.get("plant-ca", ...place);
  await dpsCertificate.delete(...deleteArguments(found.etag));
  const gone = await errorOf(dpsCertificate.get("plant-ca", ...place));
  return { uploaded, replaced, code, stale, verified, list, found, gone };
}

async function service({ iotDpsResource }) {
  const [group, name] = place;
  const soon = { updateIntervalInMs: 5 };
  const update = { location: "westus", sku: { name: "S1", capacity: 1 }, properties: {} };
  return {
    bySubscription: await all(iotDpsResource.listBySubscription()),
    byGroup: await all(iotDpsResource.listByResourceGroup(group)),
    put: await iotDpsResource.beginCreateOrUpdateAndWait(
      group,
      name,
      { ...update, tags: { plant: "north" } },
      soon,
    ),
    patched: await iotDpsResource.beginUpdateAndWait(
      group,
      name,
      { tags: { plant: "south" } },
      soon,
    ),
    found: await iotDpsResource.get(name, group),
    skus: await all(iotDpsResource.listValidSkus(name, group)),
    keys: await all(iotDpsResource.listKeys(name, group)),
    key: await iotDpsResource.listKeysForKeyName(name, "provisioningserviceowner", group),
    name: await iotDpsResource.checkProvisioningServiceNameAvailability({ name }),
    deleted: await errorOf(iotDpsResource.beginDeleteAndWait(name, group)),
  };
}

const client = clientOf(secretCredential(clientSecret));
const [group, name] = place;
if (settings.sdk) {
  steps.certificates = await certificates(client, (etag) => [group, name, "plant-ca", etag]);
} else {
  steps.certificates = await certificates(client, (etag) => [group, etag, name, "plant-ca"]);
  steps.service = await service(client);
  steps.wrongSecret = await errorOf(
    clientOf(secretCredential("wrong")).dpsCertificate.list(...place),
  );
  const managed = new ManagedIdentityCredential({ retryOptions: { maxRetries: 0 } });
  const scope = "https://azure-devices-provisioning.net/.default";
  steps.serviceToken = (await secretCredential(clientSecret).getToken(scope)).token;
  steps.managedIdentity = (await managed.getToken(scope)).token;
  steps.managedClient = await clientOf(managed).dpsCertificate.list(...place);
}
process.send({ steps });
process.disconnect();
