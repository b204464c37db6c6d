import { resolve } from "node:path";
import { CertificatesClient, staticToken } from "@dps-certs/dps-client";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import type { TokenCredential } from "./azure-access.ts";
import type { Choice } from "./choose.ts";
import { type Connection, connectServed } from "./connection.ts";
import { type GivenConnectionString, readConnectionString } from "./connection-string.ts";
import { readCa } from "./emulator-file.ts";
import { clientSecretOf, emulatorCredential, hasTenant } from "./emulator-token.ts";
import { fetchHealth, type Health } from "./health.ts";
import { lazyCertificates } from "./lazy-certificates.ts";
import { once } from "./locate.ts";

const IN_FILE = "take connectionString from the emulator.json that the emulator left";

type UrlChoice = Extract<Choice, { kind: "url" }>;

/** An emulator that answers at a URL, and the CA that it is trusted by. */
export interface EmulatorAtUrl {
  ca: string;
  caFile: string;
  health: Health;
}

/**
 * Finds the emulator at a URL, which needs no credentials.
 *
 * @throws {CliError} `target`
 */
export async function findAtUrl(
  { io: { env, cwd } }: Pick<Context, "io">,
  { url, why }: UrlChoice,
): Promise<EmulatorAtUrl> {
  const { DPS_EMULATOR_CA: file } = env;
  if (!file) {
    throw new CliError("target", `${why} needs DPS_EMULATOR_CA beside it`, {
      hint: "it is ca.pem in the emulator's state folder; or name the file that the emulator left: --target .dps-certs/emulator.json",
    });
  }
  const caFile = resolve(cwd, file);
  const ca = await readCa(caFile);
  const health = await fetchHealth(url.origin, ca).catch((cause: unknown) => {
    throw new CliError("target", `no emulator answers at ${url.origin}`, {
      cause,
      hint: "is it running, and is DPS_EMULATOR_CA its ca.pem?",
    });
  });
  return { ca, caFile, health };
}

/** The emulator's names come from the emulator; its CA and the credentials from outside. */
export async function connectUrl(context: Context, choice: UrlChoice): Promise<Connection> {
  const { url, why } = choice;
  const { env } = context.io;
  const file = context.azure?.connectionStringFile;
  if (!env.DPS_EMULATOR_CA || (!env.DPS_CONNECTION_STRING && file === undefined)) {
    throw new CliError(
      "target",
      `${why} needs DPS_EMULATOR_CA and DPS_CONNECTION_STRING beside it`,
      {
        hint: "or name the file that the emulator left: --target .dps-certs/emulator.json",
      },
    );
  }
  context.report.target(`emulator at ${url.origin} (${why})`);
  const given = await readConnectionString(context, file, IN_FILE);
  const { ca, health } = await findAtUrl(context, choice);
  if (given !== undefined) refuseOther(given, url, health.hostName);
  const certificates = certificatesAt(context, url.origin, ca, health);
  const service = {
    url: url.origin,
    connectionString: given?.text ?? "",
    idScope: health.idScope,
    hostName: health.hostName,
  };
  return connectServed(service, ca, lazyCertificates(certificates.open), certificates.close);
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * A token that is signed for a service in Azure opens that service, and is shown to nobody else. What an
 * emulator calls itself counts on this computer alone: another's may have any name.
 */
export function refuseOther(
  { parts, from }: Pick<GivenConnectionString, "parts" | "from">,
  url: URL,
  hostName: string,
): void {
  const host = parts.hostName.toLowerCase();
  const isNamed = host === hostName.toLowerCase() && LOOPBACK.test(url.host);
  if (host === url.host || isNamed || LOOPBACK.test(host)) return;
  throw new CliError(
    "target",
    `${from} is of ${parts.hostName}, and the target is the emulator at ${url.origin}`,
    { hint: `${IN_FILE}; for Azure say --target azure` },
  );
}

interface Opened {
  open: () => Promise<CertificatesClient>;
  close: () => Promise<void>;
}

function certificatesAt({ io }: Context, origin: string, ca: string, resource: Health): Opened {
  let client: CertificatesClient | undefined;
  const open = once(async () => {
    const credential = await managementCredential(io, origin, ca);
    client = new CertificatesClient({ endpoint: origin, resource, credential, ca });
    return client;
  });
  return { open, close: async () => await client?.close() };
}

/** @throws {CliError} `target`, which says what opens the management plane */
async function managementCredential(
  { env, now }: Context["io"],
  origin: string,
  ca: string,
): Promise<TokenCredential> {
  if (env.DPS_EMULATOR_ARM_TOKEN) return staticToken(env.DPS_EMULATOR_ARM_TOKEN);
  const client = clientSecretOf(env);
  if (client !== undefined && (await hasTenant(origin, ca, client.tenantId))) {
    return emulatorCredential(origin, ca, client, now);
  }
  throw new CliError("target", `certificates at ${origin} are not for a connection string`, {
    hint: "set DPS_EMULATOR_ARM_TOKEN (armToken in its emulator.json), or its tenantId, clientId and clientSecret as AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or name that file with --target",
  });
}
