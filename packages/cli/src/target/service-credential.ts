import {
  DpsClientError,
  EnrollmentClient,
  type EnrollmentClientOptions,
  type FoundService,
  isDpsClientError,
  type ProvisioningServicesClient,
  type ServiceCredential,
} from "@dps-certs/dps-client";
import { parseConnectionString } from "@dps-certs/dps-protocol";
import type { TokenCredential } from "./azure-access.ts";

const DATA_ROLE = "Device Provisioning Service Data Contributor";

export interface ServiceCredentialOptions {
  dpsName: string;
  credential: TokenCredential;
  /** Of the client that is to use what is chosen. */
  client: Omit<EnrollmentClientOptions, "credential">;
  services: Pick<ProvisioningServicesClient, "connectionString">;
  /** Whether the service takes no keys at all. */
  takesNoKeys: (service: FoundService) => Promise<boolean>;
  /** Undefined where Azure Resource Manager does not show the service to this identity. */
  located: FoundService | undefined;
  /** Why it does not. */
  problem: DpsClientError | undefined;
  /** Is told that keys are used. */
  note: (text: string) => void;
}

/**
 * How enrollments are reached without a connection string: by Entra ID where the identity has a data
 * role, or else by the service's keys, where it takes any and the identity may list them. An owner of a
 * subscription has no data role by that.
 *
 * @throws {DpsClientError} `forbidden`, naming the role that is missing
 */
export async function chooseServiceCredential(
  options: ServiceCredentialOptions,
): Promise<ServiceCredential> {
  const { credential, located, dpsName } = options;
  if (await isLetIn(options)) return credential;
  if (located === undefined) {
    throw noDataRole(options, "Azure Resource Manager does not show it the service either");
  }
  if (await options.takesNoKeys(located))
    throw noDataRole(options, "the service takes no keys in its place");
  const policy = await keysOf(options, located);
  options.note(
    `enrollments by the key of policy ${policy.keyName}: this identity has no data role on ${dpsName}`,
  );
  return policy;
}

/** Asks for one group: there is no cheaper question that needs a data role. */
async function isLetIn({
  credential,
  client,
  problem,
}: ServiceCredentialOptions): Promise<boolean> {
  const probe = new EnrollmentClient({ ...client, credential });
  try {
    await probe.groups.query({ pageSize: 1 }).next();
    return true;
  } catch (error) {
    if (isDpsClientError(error, "unauthorized", "forbidden")) return false;
    // A host that does not exist: the name is wrong, as the look-up said.
    if (isDpsClientError(error, "host-not-found") && problem !== undefined) throw problem;
    throw error;
  } finally {
    await probe.close();
  }
}

async function keysOf(
  options: ServiceCredentialOptions,
  located: FoundService,
): Promise<{ keyName: string; key: string }> {
  const { description } = located;
  try {
    const text = await options.services.connectionString(located, { description });
    const { sharedAccessKeyName, sharedAccessKey } = parseConnectionString(text);
    return { keyName: sharedAccessKeyName, key: sharedAccessKey };
  } catch (error) {
    if (!isDpsClientError(error, "forbidden")) throw error;
    throw noDataRole(options, "it may not use the service's keys");
  }
}

function noDataRole({ dpsName, located }: ServiceCredentialOptions, why: string): DpsClientError {
  const scope = located === undefined ? "ID-OF-THE-SERVICE" : located.description.id;
  return new DpsClientError(
    "forbidden",
    `this identity has no data role on ${dpsName}, and ${why}`,
    {
      hint: `give it the role: az role assignment create --role "${DATA_ROLE}" --assignee WHO --scope ${scope}  (it takes effect after some minutes)`,
    },
  );
}
