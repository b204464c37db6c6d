import {
  CertificatesClient,
  DEFAULT_RATE,
  DpsClientError,
  EnrollmentClient,
  type FoundService,
  isDpsClientError,
  RegistrationClient,
} from "@dps-certs/dps-client";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { type AzureService, lookUp } from "./azure-service.ts";
import type { AzureSettings } from "./azure-settings.ts";
import type { Connection } from "./connection.ts";
import { lazyCertificates } from "./lazy-certificates.ts";
import { LOCAL_AUTH_SINCE, once, servicesClient, takesNoKeys } from "./locate.ts";
import { chooseServiceCredential } from "./service-credential.ts";

/** The clients of a service in Azure; none of them sends anything before it is used. */
export function azureClients(
  context: Pick<Context, "io" | "report">,
  service: AzureService,
): Connection {
  const { settings, located, services } = service;
  const { ca } = context.io.azure ?? {};
  const enrollments = enrollmentsOf(context, service);
  const idScope = idScopeOf(service);
  let certificates: CertificatesClient | undefined;
  const open = once(async () => {
    certificates = await certificatesOf(service, ca);
    return certificates;
  });
  return {
    certificates: lazyCertificates(open),
    enrollments,
    deviceClient: (certificate, runtime) => {
      if (idScope === undefined) throw noIdScope(settings, located);
      const endpoint = settings.cloud.deviceEndpoint;
      return new RegistrationClient({ endpoint, idScope, certificate, ca, runtime });
    },
    registrationRate: DEFAULT_RATE,
    idScope,
    hostName: hostNameOf(service),
    close: async () => {
      await Promise.all([enrollments.close(), services.close(), certificates?.close()]);
    },
  };
}

/** The host that the service says, or that its name means. */
export function hostNameOf({ settings, located }: AzureService): string {
  const { connectionString, dpsName, cloud } = settings;
  return (
    connectionString?.parts.hostName ??
    located?.description.properties.serviceOperationsHostName ??
    `${dpsName}${cloud.serviceHostSuffix}`
  );
}

export const idScopeOf = ({ settings, located }: AzureService): string | undefined =>
  settings.idScope ?? located?.description.properties.idScope ?? undefined;

function enrollmentsOf(
  { io, report }: Pick<Context, "io" | "report">,
  service: AzureService,
): EnrollmentClient {
  const { settings, credential, services } = service;
  const { ca, serviceEndpoint = (host: string) => `https://${host}` } = io.azure ?? {};
  const sasResource = hostNameOf(service);
  const client = { endpoint: serviceEndpoint(sasResource), sasResource, ca };
  const { connectionString, dpsName } = settings;
  if (connectionString !== undefined) {
    const { sharedAccessKeyName: keyName, sharedAccessKey: key } = connectionString.parts;
    return new EnrollmentClient({ ...client, credential: { keyName, key } });
  }
  const choice = {
    ...{ dpsName, credential, client, services },
    takesNoKeys: (found: FoundService) =>
      takesNoKeys(servicesClient(settings, credential, io.azure ?? {}, LOCAL_AUTH_SINCE), found),
    note: report.note,
  };
  const wasSought = service.located !== undefined || service.problem !== undefined;
  return new EnrollmentClient({
    ...client,
    credential: async () => {
      const found = wasSought ? service : await lookUp(service);
      return await chooseServiceCredential({ ...choice, ...found });
    },
  });
}

async function certificatesOf(
  { settings, find, credential }: AzureService,
  ca: string | undefined,
): Promise<CertificatesClient> {
  const { managementEndpoint: endpoint, managementScope: scope } = settings.cloud;
  const resource = await find().catch((error: unknown) => {
    throw settings.connectionString === undefined ? error : notByConnectionString(error, settings);
  });
  return new CertificatesClient({ endpoint, scope, resource, credential, ca });
}

/** What opens the enrollments does not open the certificates: nobody expects that. */
function notByConnectionString(error: unknown, { connectionString }: AzureSettings): unknown {
  if (!isDpsClientError(error)) return error;
  const why = `CA certificates in Azure are reached by signing in, not by ${connectionString?.from}`;
  return new DpsClientError(error.code, `${why}: ${error.message}`, { ...error });
}

/** @throws nothing: the error is returned */
export function noIdScope(
  { dpsName }: Pick<AzureSettings, "dpsName">,
  located: FoundService | undefined,
  cause?: unknown,
): CliError {
  const message = `the ID scope of ${dpsName}, which devices register with, is not known`;
  if (located !== undefined) {
    const { state } = located.description.properties;
    return new CliError("target", `${message} yet: the service is ${state ?? "being changed"}`, {
      hint: "try again in some minutes",
    });
  }
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new CliError("target", message + why, {
    hint: "give it with --id-scope or DPS_ID_SCOPE (the portal's overview of the service shows it), or sign in with: az login",
  });
}
