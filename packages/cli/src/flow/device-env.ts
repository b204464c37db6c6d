import { join } from "node:path";
import {
  type Certificate,
  issuersOf,
  leafPaths,
  loadDevice,
  openPki,
  type PasswordSource,
  readChain,
} from "@dps-certs/ca-tools";
import { quote } from "../args.ts";
import type { Context } from "../command.ts";
import { usageError } from "../errors.ts";
import { readRegistry } from "./ca-steps.ts";
import { findDeviceEndpoint } from "./device-endpoint.ts";
import { existingDevice } from "./registration/register-command.ts";
import { assignments, type Shell } from "./shell-quoting.ts";

export interface DeviceEnvironmentOptions {
  id: string;
  /** Name or host of an IoT hub; undefined for the service's own samples. */
  hub: string | undefined;
  shell: Shell;
  /** Opens the device's key, which only a hub's variables hold. */
  password: PasswordSource;
}

type Variables = Readonly<Record<string, string>>;

/** Prints variables for programs of the SDKs. For a hub the private key is among them. */
export async function printDeviceEnvironment(
  context: Context,
  { id, hub, shell, password }: DeviceEnvironmentOptions,
): Promise<void> {
  const { pki, report } = context;
  const hostName = hub === undefined ? undefined : hubHost(hub);
  await openPki(pki);
  await existingDevice(pki, id);
  const variables =
    hostName === undefined
      ? await provisioningVariables(context, id)
      : await hubVariables(context, id, hostName, password);
  report.result(variables, assignments(shell, variables));
}

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const HOST = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

function hubHost(hub: string): string {
  if (hub.length <= 253 && HOST.test(hub))
    return hub.includes(".") ? hub : `${hub}.azure-devices.net`;
  throw usageError(`--hub takes the name or the host of an IoT hub, not ${quote(hub)}`);
}

/** What `ca-certs.ps1` sets: certificates and key as text, for programs that connect to the hub itself. */
async function hubVariables(
  context: Context,
  id: string,
  hostName: string,
  password: PasswordSource,
): Promise<Variables> {
  const { certificate, chainPem, keyPem } = await loadDevice(context.pki, id, password);
  return {
    IOTHUB_CA_X509_PUBLIC: (await wholeChain(context, certificate)) ?? chainPem,
    IOTHUB_CA_X509_PRIVATE_KEY: keyPem,
    IOTHUB_CA_CONNECTION_STRING_TO_DEVICE: `HostName=${hostName};DeviceId=${id};x509=true`,
    IOTHUB_CA_USE_ECC: certificate.x509.publicKey.asymmetricKeyType === "ec" ? "1" : "0",
  };
}

/** Root included, as the original has it; undefined where the issuer is not in the folder any more. */
async function wholeChain(
  { pki, report }: Context,
  certificate: Certificate,
): Promise<string | undefined> {
  const registry = await readRegistry(pki);
  const [issuer] = await issuersOf(pki, registry, [certificate]);
  if (issuer === undefined) {
    report.warn(`the CA ${certificate.issuer} is not in the folder: the chain is without the root`);
    return undefined;
  }
  const chain = [certificate, ...(await readChain(pki, registry, issuer))];
  return chain.map(({ pem }) => pem).join("");
}

/**
 * What the provisioning samples read: `register_x509.js` of the Node SDK, `provision_x509.py` of the
 * Python SDK. The C SDK's read no variables, those of the embedded C SDK a file of another form.
 */
async function provisioningVariables(context: Context, id: string): Promise<Variables> {
  const { pki, report } = context;
  const paths = leafPaths(id);
  const [certificate, key] = [join(pki, paths.fullChain), join(pki, paths.key)];
  const isEncrypted = await loadDevice(pki, id).then(
    () => false,
    (error: { code?: unknown }) => {
      if (error.code === "password-required") return true;
      throw error;
    },
  );
  const { host, idScope, caFile } = await findDeviceEndpoint(context);
  if (isEncrypted) {
    report.note(`${paths.key} is encrypted: set PASS_PHRASE yourself (the Node sample takes none)`);
  }
  if (caFile !== undefined) {
    report.note(
      `the emulator's CA is ${caFile}: name it in NODE_EXTRA_CA_CERTS for Node, SSL_CERT_FILE for Python`,
    );
  }
  return {
    PROVISIONING_HOST: host,
    PROVISIONING_IDSCOPE: idScope,
    PROVISIONING_REGISTRATION_ID: id,
    CERTIFICATE_FILE: certificate,
    KEY_FILE: key,
    DPS_X509_REGISTRATION_ID: id,
    X509_CERT_FILE: certificate,
    X509_KEY_FILE: key,
  };
}
