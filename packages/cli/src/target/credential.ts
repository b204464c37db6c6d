import { DpsClientError, isDpsClientError } from "@dps-certs/dps-client";
import type { CredentialHints, TokenCredential } from "./azure-access.ts";
import { signInProblem } from "./sign-in-problem.ts";

type AccessToken = NonNullable<Awaited<ReturnType<TokenCredential["getToken"]>>>;

/** A token is asked for anew this long before its end, in milliseconds. */
const RENEW_BEFORE_MS = 5 * 60_000;

const PACKAGE = "@azure/identity";

/**
 * Milliseconds that `az` and its like may take: less than the client that waits for the token, so that
 * the command does not end before the program that it started.
 */
const PROCESS_TIMEOUT_MS = 25_000;

/** Of a subscription, as `az` is given it by the package; other names are looked up by this program. */
const NAME_FOR_AZ = /^[0-9a-zA-Z-._ ]+$/;

/**
 * Who signs in, as `@azure/identity` finds it: the environment (client secret or certificate), a
 * workload identity, whoever did `az login`, then managed identity and the other tools. The Azure CLI
 * comes before managed identity: who signed in by hand means that, and elsewhere the search for a
 * managed identity takes a second. AZURE_TOKEN_CREDENTIALS chooses otherwise.
 *
 * @param load - for tests
 * @throws {DpsClientError} `credential` where the package is not installed
 */
export async function createAzureCredential(
  hints: CredentialHints,
  env: Readonly<Record<string, string | undefined>>,
  load: () => Promise<typeof import("@azure/identity")> = () => import("@azure/identity"),
): Promise<TokenCredential> {
  const identity = await load().catch((cause: { code?: unknown }) => {
    if (cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new DpsClientError("credential", `signing in to Azure needs the package ${PACKAGE}`, {
      hint: `install it with: npm install ${PACKAGE}  (-g where dps-certs is installed so), or give a connection string`,
    });
  });
  const { cloud, isCloudGiven, subscription, tenantId } = hints;
  const options = isCloudGiven ? { authorityHost: cloud.authorityHost } : {};
  const processTimeoutInMs = PROCESS_TIMEOUT_MS;
  const others = () => new identity.DefaultAzureCredential({ ...options, processTimeoutInMs });
  if (env.AZURE_TOKEN_CREDENTIALS) return others();
  return new identity.ChainedTokenCredential(
    new identity.EnvironmentCredential(options),
    ...(isWorkload(env) ? [new identity.WorkloadIdentityCredential(options)] : []),
    new identity.AzureCliCredential({ ...accountOf(subscription, tenantId), processTimeoutInMs }),
    others(),
  );
}

/** Without all three, making the credential fails, and with it all others of the chain. */
const isWorkload = (env: Readonly<Record<string, string | undefined>>) =>
  Boolean(env.AZURE_FEDERATED_TOKEN_FILE && env.AZURE_CLIENT_ID && env.AZURE_TENANT_ID);

/** az takes one of the two; a subscription tells the tenant as well. */
function accountOf(
  subscription: string | undefined,
  tenantId: string | undefined,
): { subscription: string } | { tenantId: string } | object {
  if (subscription !== undefined && NAME_FOR_AZ.test(subscription)) return { subscription };
  return tenantId === undefined ? {} : { tenantId };
}

/**
 * One credential for all clients of a command: a token is got once for each scope (the Azure CLI starts
 * a process for each), and what is wrong is told in a sentence.
 *
 * @param create - called with the first token that is asked for
 */
export function sharedCredential(
  create: () => Promise<TokenCredential>,
  now: () => number,
): TokenCredential {
  let created: Promise<TokenCredential> | undefined;
  const tokens = new Map<string, Promise<AccessToken>>();
  const fetch = async (scope: string): Promise<AccessToken> => {
    created ??= create();
    try {
      const token = await (await created).getToken(scope);
      if (token !== null) return token;
    } catch (error) {
      throw isDpsClientError(error) ? error : notSignedIn(error);
    }
    throw notSignedIn(undefined);
  };
  return {
    getToken: async (scopes) => {
      const scope = [scopes].flat().join(" ");
      const last = tokens.get(scope);
      const kept = await last?.catch(() => undefined);
      if (kept !== undefined && now() < kept.expiresOnTimestamp - RENEW_BEFORE_MS) return kept;
      // Whoever else saw the same end of it meanwhile has asked already.
      const asked = tokens.get(scope);
      const fresh = asked === undefined || asked === last ? fetch(scope) : asked;
      tokens.set(scope, fresh);
      return await fresh;
    },
  };
}

/** Without a cause: the credentials' own errors name tenants, and may quote what they sent. */
function notSignedIn(error: unknown): DpsClientError {
  const { message, hint } = signInProblem(error);
  return new DpsClientError("credential", message, { hint });
}
