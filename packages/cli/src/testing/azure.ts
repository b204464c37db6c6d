import { CLOUDS } from "@dps-certs/dps-client";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import type { AzureAccess, TokenCredential } from "../target/azure-access.ts";
import { emulatorCredential } from "../target/emulator-token.ts";

/** An emulator in the place of Azure: what is said of Azure's hosts leads to it. */
export interface AzureStandIn {
  emulator: Emulator;
  /** For `Io.azure`; everybody is signed in. */
  access: AzureAccess & { createCredential: () => Promise<TokenCredential> };
  /** As the portal shows it. A secret. */
  connectionString: string;
  close: () => Promise<void>;
}

export async function startAzure(): Promise<AzureStandIn> {
  const emulator = await startEmulator({ inMemory: true, retryAfterSeconds: 0 });
  const { url, caPem: ca, hostName } = emulator;
  const here = { managementEndpoint: url, deviceEndpoint: url };
  return {
    emulator,
    access: {
      ca,
      clouds: Object.fromEntries(
        Object.entries(CLOUDS).map(([name, cloud]) => [name, { ...cloud, ...here }]),
      ),
      serviceEndpoint: () => url,
      createCredential: async () => emulatorCredential(url, ca, emulator, () => new Date()),
    },
    connectionString: emulator.connectionString.replace(/HostName=[^;]*/, `HostName=${hostName}`),
    close: () => emulator.close(),
  };
}

/** An identity without a role for enrollments: its tokens are for Azure Resource Manager alone. */
export async function withoutDataRole({ access }: AzureStandIn): Promise<TokenCredential> {
  const credential = await access.createCredential();
  return { getToken: () => credential.getToken(CLOUDS.AzureCloud.managementScope) };
}
