import { generateKeyPairSync } from "node:crypto";
import { type Context, randomGuid } from "./context.ts";
import type { Reader, Store, Writer } from "./store/store.ts";

/** A shared access policy of the service. */
export interface Policy {
  keyName: string;
  /** Base64. A secret, as is the secondary. */
  primaryKey: string;
  secondaryKey: string;
  /** Joined by a comma and a space. */
  rights: string;
}

/** What the management plane says of a linked hub beside its name. */
export interface HubDetails {
  location: string;
  applyAllocationPolicy?: boolean;
  allocationWeight?: number;
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
  /** By the name of the hub. */
  hubDetails: Record<string, HubDetails>;
  allocationPolicy: "Hashed" | "GeoLatency" | "Static";
  tags: Record<string, string>;
  /** Counts the changes of the service's resource; its etag is made of it. */
  revision: number;
  /** Who may ask for tokens: the tenant, and a client with its secret. */
  tenantId: string;
  clientId: string;
  clientSecret: string;
  /** Signs bearer tokens (ES256); PKCS#8 PEM, a secret. */
  tokenKey: string;
}

const SERVICE_KEY = "service";
/** Bytes of a shared access key. */
const KEY_BYTES = 32;
/** Random bytes of the client's secret. */
const SECRET_BYTES = 30;

export const OWNER_POLICY = "provisioningserviceowner";

export function hostNameOf({ dpsName }: { dpsName: string }): string {
  return `${dpsName}.azure-devices-provisioning.net`;
}

/** The state's service; a state without one has not been started yet. */
export function readService(store: Reader): ProvisioningService {
  const service = store.get(SERVICE_KEY) as ProvisioningService | undefined;
  if (service === undefined) throw new Error("the state holds no provisioning service");
  return service;
}

export function writeService(store: Writer, service: ProvisioningService): void {
  store.put(SERVICE_KEY, service);
}

/** Makes the service of a fresh state, or returns the one it has: two first starts agree. */
export function ensureService(
  store: Store,
  randomBytes: Context["randomBytes"],
): ProvisioningService {
  return store.write((writer) => {
    const present = writer.get(SERVICE_KEY) as Partial<ProvisioningService> | undefined;
    if (isComplete(present)) return present;
    // A state of before there were tokens keeps what it has.
    const service = { ...createService(randomBytes), ...present };
    writeService(writer, service);
    return service;
  });
}

function isComplete(
  service: Partial<ProvisioningService> | undefined,
): service is ProvisioningService {
  return service?.clientSecret !== undefined;
}

/** A fresh key of a policy, base64. */
export function drawKey(randomBytes: Context["randomBytes"]): string {
  return randomBytes(KEY_BYTES).toString("base64");
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
        keyName: OWNER_POLICY,
        primaryKey: drawKey(randomBytes),
        secondaryKey: drawKey(randomBytes),
        // One joined string, as the service answers it.
        rights: "ServiceConfig, DeviceConnect, EnrollmentWrite",
      },
    ],
    linkedHubs: ["emulated-hub.azure-devices.net"],
    hubDetails: {},
    allocationPolicy: "Hashed",
    tags: {},
    revision: 0,
    tenantId: randomGuid(randomBytes),
    clientId: randomGuid(randomBytes),
    clientSecret: randomBytes(SECRET_BYTES).toString("base64url"),
    tokenKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
