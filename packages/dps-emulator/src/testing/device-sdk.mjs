/**
 * Microsoft's device SDK over HTTPS, unmodified, in a process of its own: what it trusts is told by
 * NODE_EXTRA_CA_CERTS. Registers the devices of SDK_SETTINGS, all at once, and sends its parent what
 * became of each.
 */
import provisioning from "azure-iot-provisioning-device";
import transport from "azure-iot-provisioning-device-http";
import symmetricKey from "azure-iot-security-symmetric-key";
import x509 from "azure-iot-security-x509";

const { idScope, devices } = JSON.parse(process.env.SDK_SETTINGS ?? "{}");

const securityOf = ({ id, key, certificate }) =>
  certificate === undefined
    ? new symmetricKey.SymmetricKeySecurityClient(id, key)
    : new x509.X509Security(id, { cert: certificate, key });

async function register(device) {
  const { ProvisioningDeviceClient } = provisioning;
  const http = new transport.Http();
  const client = ProvisioningDeviceClient.create("localhost", idScope, http, securityOf(device));
  if (device.payload !== undefined) client.setProvisioningPayload(device.payload);
  try {
    return { result: await client.register() };
  } catch ({ name, message, result, responseBody }) {
    return { error: { name, message, result, responseBody } };
  }
}

const results = await Promise.all(devices.map(register));
process.send({ results });
process.disconnect();
