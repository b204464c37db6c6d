import { generateKeyPairSync } from "node:crypto";
import { type Context, randomGuid } from "./context.ts";
import type { Reader, Store } from "./store/store.ts";

/** A shared access policy of the service. */
export interface Policy {
  keyName: string;
  /** Base64. A secret, as is the secondary. */
  primaryKey: string;
  secondaryKey: string;
  rights: string;
}

/** The one provisioning service that a state holds; made at the first start. */
export interface ProvisioningService {
  /** Tells this state from every other, without being a secret. */
  nonce: string;
  idScope: string;
  subscriptionId: string;
  resourceGroup: string;
  dpsName: string;
  policies: Policy[];
  /** Host names of the IoT hubs that devices are assigned to. */
  linkedHubs: string[];
  /** Signs bearer tokens (ES256); PKCS#8 PEM, a secret. */
  tokenKey: string;
}

const SERVICE_KEY = "service";
/** Bytes of a shared access key. */
const KEY_BYTES = 32;

export function hostNameOf({ dpsName }: { dpsName: string }): string {
  return `${dpsName}.azure-devices-provisioning.net`;
}

/** The state's service; a state without one has not been started yet. */
export function readService(store: Reader): ProvisioningService {
  const service = store.get(SERVICE_KEY) as ProvisioningService | undefined;
  if (service === undefined) throw new Error("the state holds no provisioning service");
  return service;
}

/** Makes the service of a fresh state, or returns the one it has: two first starts agree. */
export function ensureService(
  store: Store,
  randomBytes: Context["randomBytes"],
): ProvisioningService {
  return store.write((writer) => {
    const present = writer.get(SERVICE_KEY) as ProvisioningService | undefined;
    if (present !== undefined) return present;
    const service = createService(randomBytes);
    writer.put(SERVICE_KEY, service);
    return service;
  });
}

function createService(randomBytes: Context["randomBytes"]): ProvisioningService {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    nonce: randomGuid(randomBytes),
    idScope: `0ne${randomBytes(4).toString("hex").toUpperCase()}`,
    subscriptionId: randomGuid(randomBytes),
    resourceGroup: "emulated-resource-group",
    dpsName: "emulated-dps",
    policies: [
      {
        keyName: "provisioningserviceowner",
        primaryKey: randomBytes(KEY_BYTES).toString("base64"),
        secondaryKey: randomBytes(KEY_BYTES).toString("base64"),
        // One joined string, as the service answers it.
        rights: "ServiceConfig, DeviceConnect, EnrollmentWrite",
      },
    ],
    linkedHubs: ["emulated-hub.azure-devices.net"],
    tokenKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
