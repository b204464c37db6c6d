import { isDeepStrictEqual } from "node:util";
import {
  type AccessRight,
  ConnectionStringError,
  formatConnectionString,
  type ProvisioningServiceDescription,
  parseConnectionString,
  type ServiceConnectionString,
  type SharedAccessPolicy,
} from "@dps-certs/dps-protocol";
import { DpsClientError } from "./errors.ts";

const ENTRA_HINT =
  "Use Entra ID in its place: give the identity the role Device Provisioning Service Data Contributor on the service.";

/** What a policy's text grants; a right to write grants the right to read too. */
function granted(rights: string): Set<string> {
  const words = rights.split(",").map((word) => word.trim());
  return new Set(words.flatMap((word) => [word, word.replace(/Write$/, "Read")]));
}

/** The policy that allows all of `rights` and least beyond them. */
export function pickPolicy(
  policies: readonly SharedAccessPolicy[],
  rights: readonly AccessRight[],
): SharedAccessPolicy | undefined {
  return policies
    .map((policy) => ({ policy, has: granted(policy.rights) }))
    .filter(({ policy, has }) => keyOf(policy) !== undefined && rights.every((r) => has.has(r)))
    .sort((a, b) => a.has.size - b.has.size)[0]?.policy;
}

function keyOf({ primaryKey, secondaryKey }: SharedAccessPolicy): string | undefined {
  return primaryKey || secondaryKey || undefined;
}

/**
 * A connection string for a service.
 *
 * @param list is called only where the service takes keys
 */
export async function policyConnectionString(
  { name, properties }: ProvisioningServiceDescription,
  rights: readonly AccessRight[],
  list: () => Promise<readonly SharedAccessPolicy[]>,
): Promise<string> {
  const what = `make a connection string for ${name}`;
  if ((properties as { disableLocalAuth?: unknown }).disableLocalAuth === true) {
    throw new DpsClientError("forbidden", `${what}: the service takes no shared access keys`, {
      hint: ENTRA_HINT,
    });
  }
  const hostName = properties.serviceOperationsHostName;
  if (!hostName) {
    throw new DpsClientError("protocol", `${what}: the service says no host name`, {
      hint: "It may still be being made: try again when its state is Active.",
    });
  }
  const policy = pickPolicy(await list(), rights);
  const sharedAccessKey = policy && keyOf(policy);
  if (policy === undefined || sharedAccessKey === undefined) {
    throw new DpsClientError(
      "forbidden",
      `${what}: no shared access policy has the rights ${rights.join(", ")}`,
      { hint: `Make one in the service's shared access policies. ${ENTRA_HINT}` },
    );
  }
  return format(what, { hostName, sharedAccessKeyName: policy.keyName, sharedAccessKey });
}

/** Refuses here, not where it is read, what would break the form of a connection string. */
function format(what: string, parts: ServiceConnectionString): string {
  const text = formatConnectionString(parts);
  try {
    if (isDeepStrictEqual(parseConnectionString(text), parts)) return text;
  } catch (cause) {
    if (!(cause instanceof ConnectionStringError)) throw cause;
  }
  throw new DpsClientError("protocol", `${what}: its host name or its policy cannot be in one`);
}
