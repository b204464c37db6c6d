import { randomBytes as nodeRandomBytes, randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { formatConnectionString } from "@dps-certs/dps-protocol";
import type { Context } from "./context.ts";
import { linkHubs } from "./device/hubs.ts";
import { EmulatorError } from "./errors.ts";
import type { OnError } from "./http/answer.ts";
import { listen } from "./http/listen.ts";
import { createHttpsServer, stopper } from "./http/server.ts";
import { mintManagementToken } from "./management/bearer.ts";
import {
  ensureService,
  hostNameOf,
  OWNER_POLICY,
  type ProvisioningService,
} from "./provisioning-service.ts";
import { damaged, openFileStore } from "./store/file-store.ts";
import { openMemoryStore } from "./store/memory-store.ts";
import { CA_FILE } from "./store/state-folder.ts";
import type { Store } from "./store/store.ts";
import { ensureTlsIdentity } from "./tls-identity.ts";

export type StateOptions =
  | {
      /** Folder of the state; made where it does not exist. Several emulators may serve one folder. */
      stateDir: string;
      inMemory?: false;
    }
  | {
      /** Keep the state in memory: it ends with `close`. */
      inMemory: true;
    };

export interface ServerSettings {
  /** @default 0, any free port */
  port?: number;
  /** Address to listen on. @default 127.0.0.1 and, where the machine has it, ::1 */
  host?: string;
  /** Seconds that a device is told to wait after `register`. @default 3 */
  retryAfterSeconds?: number;
  /** Serve the managed-identity endpoint: every program of this machine gets a token. @default false */
  msi?: boolean;
  /** Call webhooks of enrollments wherever they are. @default false: those on loopback alone */
  allowWebhooks?: boolean;
  /**
   * Host names of the IoT hubs that devices are assigned to; kept in the state.
   *
   * @default those of the state, `emulated-hub.azure-devices.net` at first
   */
  linkedHubs?: readonly string[];
  /** Clock of the service's logic; TLS goes by the machine's. @default the machine's */
  now?: () => Date;
  /** @default node:crypto's */
  randomBytes?: (size: number) => Buffer;
  /** Called when somebody with the bearer token asks the emulator to stop. @default there is no such path */
  onStop?: () => void;
  /** Called with an error inside the emulator, which a client sees as a 500. @default nothing */
  onError?: OnError;
}

export type StartOptions = StateOptions & ServerSettings;

const HTTPS_PORT = 443;
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "::1"];
const MSI_PATH = "/metadata/identity/oauth2/token";

export interface Emulator {
  /** `https://localhost:PORT`, without the port where it is 443: all three planes. */
  url: string;
  port: number;
  /** The CA to trust, PEM. */
  caPem: string;
  /** The same as a file of the state folder; absent in memory. */
  caFile?: string;
  /** Of the service data plane, for `localhost:PORT`. A secret. */
  connectionString: string;
  idScope: string;
  subscriptionId: string;
  resourceGroup: string;
  dpsName: string;
  /** The service's name in Azure, which a SAS token may be for. */
  hostName: string;
  /** `localhost:PORT`: where devices register. */
  deviceHost: string;
  /** Bearer token of the management plane, good for 24 hours. A secret. */
  armToken: string;
  /** Mints another one, good for 24 hours from now. */
  mintArmToken(): Promise<string>;
  managementUrl: string;
  /** Entra's token endpoint (v2) for the client of this state. */
  tokenUrl: string;
  tenantId: string;
  clientId: string;
  /** A secret. */
  clientSecret: string;
  /** The managed-identity endpoint; absent unless `msi`. */
  msiEndpoint?: string;
  /** Tells this state from others; `GET /health` answers it. */
  nonce: string;
  /** Ends the listening and the store; answers under way are finished. */
  close(): Promise<void>;
}

/**
 * Starts the emulator.
 *
 * @throws {EmulatorError} when the state cannot be used or the port cannot be had
 * @throws {TypeError} when `linkedHubs` are not different host names
 */
export async function startEmulator(options: StartOptions): Promise<Emulator> {
  const { randomBytes = nodeRandomBytes, now = () => new Date() } = options;
  refuseOpenIdentity(options);
  const stateDir = options.inMemory ? undefined : resolve(options.stateDir);
  const store = stateDir === undefined ? openMemoryStore() : await openFileStore(stateDir);
  try {
    const service = readState(stateDir, () => ensureService(store, randomBytes));
    const { retryAfterSeconds = 3, onStop, msi = false, allowWebhooks = false } = options;
    if (options.linkedHubs !== undefined) linkHubs(store, options.linkedHubs);
    const settings = { retryAfterSeconds, onStop, msi, allowWebhooks };
    const context = { store, now, randomBytes, settings };
    return await serve(context, service, stateDir, options);
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Only who can be on this machine alone may be trusted without a secret. */
function refuseOpenIdentity({ msi, host }: ServerSettings): void {
  if (!msi || host === undefined || LOOPBACK.includes(host)) return;
  throw new EmulatorError(
    "listen-failed",
    `the managed-identity endpoint hands out tokens without a secret and is not served at ${host}: leave out msi or host`,
  );
}

/** A record that is no JSON any more is damage that SQLite does not see. */
function readState<T>(stateDir: string | undefined, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw damaged(stateDir ?? "memory", cause);
  }
}

async function serve(
  context: Context,
  service: ProvisioningService,
  stateDir: string | undefined,
  { port: wanted = 0, host, onError = () => undefined, msi = false }: ServerSettings,
): Promise<Emulator> {
  // Not the context's clock: clients judge the server's certificate by the real time.
  const identity = await ensureTlsIdentity(context.store, new Date());
  const stops: (() => Promise<void>)[] = [];
  const create = () => {
    const server = createHttpsServer({ context, identity, onError });
    stops.push(stopper(server));
    return server;
  };
  const armToken = await mintManagementToken(service, context.now());
  const { port, servers } = await listen(create, wanted, host);
  for (const server of servers) server.on("error", (error) => onError(error, ""));
  // Node's service and device SDKs take no port in a host name: at 443 they need none.
  const authority = port === HTTPS_PORT ? "localhost" : `localhost:${port}`;
  const url = `https://${authority}`;
  const { idScope, subscriptionId, resourceGroup, dpsName, nonce } = service;
  const { tenantId, clientId, clientSecret } = service;
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    caPem: identity.caPem,
    ...(stateDir === undefined ? {} : { caFile: writeCaFile(stateDir, identity.caPem) }),
    connectionString: connectionStringOf(service, authority),
    idScope,
    subscriptionId,
    resourceGroup,
    dpsName,
    hostName: hostNameOf(service),
    deviceHost: authority,
    armToken,
    mintArmToken: () => mintManagementToken(service, context.now()),
    managementUrl: url,
    tokenUrl: `${url}/${tenantId}/oauth2/v2.0/token`,
    tenantId,
    clientId,
    clientSecret,
    ...(msi ? { msiEndpoint: url + MSI_PATH } : {}),
    nonce,
    close: () => {
      closing ??= stopAll(stops, context.store);
      return closing;
    },
  };
}

async function stopAll(stops: readonly (() => Promise<void>)[], store: Store): Promise<void> {
  await Promise.all(stops.map((stop) => stop()));
  store.close();
}

function connectionStringOf({ policies }: ProvisioningService, hostName: string): string {
  const owner = policies.find(({ keyName }) => keyName === OWNER_POLICY);
  if (owner === undefined) throw new Error("the service has no shared access policy");
  const { keyName: sharedAccessKeyName, primaryKey: sharedAccessKey } = owner;
  return formatConnectionString({ hostName, sharedAccessKeyName, sharedAccessKey });
}

/** By a rename, so that a client that reads it meanwhile finds the whole of it. */
function writeCaFile(stateDir: string, caPem: string): string {
  const file = join(stateDir, CA_FILE);
  if (contentOf(file) === caPem) return file;
  const temporary = `${file}.${randomUUID()}`;
  writeFileSync(temporary, caPem, { flag: "wx", mode: 0o600 });
  renameSync(temporary, file);
  return file;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
