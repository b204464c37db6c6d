import { randomUUID } from "node:crypto";
import { mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Emulator } from "@dps-certs/dps-emulator";
import { EMULATOR_FILE, type EmulatorAccess } from "../target/access.ts";

/** Half of a token's life: whoever reads `emulator.json` has at least the other half, in milliseconds. */
export const RENEW_MS: number = 12 * 60 * 60 * 1000;

type TokenAccess = Pick<Emulator, "clientId" | "clientSecret" | "tenantId" | "tokenUrl"> & {
  /** Null unless it was asked for. */
  msiEndpoint: string | null;
};

export interface Published {
  /** The line that `emulator start --json` prints; null where this version serves nothing. */
  access: EmulatorAccess & TokenAccess & Record<"mqttPort" | "amqpPort", null>;
  /** Puts a fresh bearer token in the file. */
  renew: () => Promise<void>;
  /** Takes back what was left on disk. */
  withdraw: () => Promise<void>;
}

/**
 * Leaves `emulator.json` (0600: it holds keys) in the state folder, so that other commands find the
 * emulator. In memory there is no such folder: only the CA certificate is put in a temporary one.
 */
export async function publishAccess(
  emulator: Emulator,
  stateDir: string | undefined,
): Promise<Published> {
  const temporary =
    stateDir === undefined ? await mkdtemp(join(tmpdir(), "dps-certs-emulator-")) : undefined;
  const caFile = emulator.caFile ?? join(temporary ?? "", "ca.pem");
  if (temporary !== undefined) await writePrivately(caFile, emulator.caPem);
  const access = accessOf(emulator, caFile);
  const file = stateDir === undefined ? undefined : join(stateDir, EMULATOR_FILE);
  let written = "";
  const write = async (armToken: string) => {
    if (file === undefined) return;
    written = `${JSON.stringify({ ...access, armToken }, undefined, 2)}\n`;
    await writePrivately(file, written);
  };
  await write(access.armToken);
  return {
    access,
    renew: async () => await write(await emulator.mintArmToken()),
    withdraw: async () => {
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
      // Another emulator may have taken the place meanwhile.
      if (file !== undefined && (await readFile(file, "utf8").catch(() => "")) === written) {
        await rm(file, { force: true });
      }
    },
  };
}

function accessOf(emulator: Emulator, caFile: string): Published["access"] {
  const { url, connectionString, idScope, subscriptionId, resourceGroup, dpsName } = emulator;
  const { hostName, deviceHost, armToken, managementUrl, nonce } = emulator;
  const { tokenUrl, tenantId, clientId, clientSecret, msiEndpoint = null } = emulator;
  return {
    url,
    caFile,
    connectionString,
    idScope,
    subscriptionId,
    resourceGroup,
    dpsName,
    hostName,
    deviceHost,
    mqttPort: null,
    amqpPort: null,
    armToken,
    tokenUrl,
    tenantId,
    clientId,
    clientSecret,
    msiEndpoint,
    managementUrl,
    nonce,
    pid: process.pid,
  };
}

async function writePrivately(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
