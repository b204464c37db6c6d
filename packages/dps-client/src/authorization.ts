import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { clientError, DpsClientError } from "./errors.ts";
import { redact } from "./redact.ts";
import { createSasToken } from "./sas.ts";

/** A shared access policy of the service. */
export interface SasPolicy {
  keyName: string;
  /** Base64. A secret. */
  key: string;
}

/** What a request carries, and what must therefore never appear in an error. */
export interface Authorization {
  header: string;
  secrets: readonly string[];
}

/** Gives the authorization of one request; undefined where there is none. */
export type Authorize = (signal?: AbortSignal) => Promise<Authorization | undefined>;

/** Life of a SAS token in seconds. */
export const SAS_LIFE_SECONDS = 3600;

/** A token is replaced this long before its end, in milliseconds, or a tenth of its life if shorter. */
const RENEW_BEFORE_MS = 5 * 60_000;

export const anonymous: Authorize = () => Promise.resolve(undefined);

/**
 * Authorization by a shared access policy; one token is used until shortly before its end.
 *
 * @param resource host of the service
 */
export function sasAuthorization(
  { keyName, key }: SasPolicy,
  resource: string,
  now: () => number,
  lifeSeconds: number = SAS_LIFE_SECONDS,
): Authorize {
  const margin = Math.min(RENEW_BEFORE_MS, lifeSeconds * 100);
  const sr = encodeURIComponent(resource.toLowerCase());
  let current: { authorization: Authorization; renewAt: number } | undefined;
  const sign = () => {
    const expiresAt = Math.ceil(now() / 1000) + lifeSeconds;
    const header = createSasToken({ resource: sr, key, keyName, expiresAt });
    const signature = /&sig=([^&]*)/.exec(header)?.[1] ?? "";
    const secrets = [header, signature, decodeURIComponent(signature), key];
    return { authorization: { header, secrets }, renewAt: expiresAt * 1000 - margin };
  };
  return () => {
    if (current === undefined || now() >= current.renewAt) current = sign();
    return Promise.resolve(current.authorization);
  };
}

function rejectOnAbort(signal: AbortSignal | undefined): {
  aborted: Promise<never>;
  release: () => void;
} {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
  });
  return { aborted, release: () => signal?.removeEventListener("abort", onAbort) };
}

async function fetchToken(credential: TokenCredential, scope: string): Promise<AccessToken> {
  let token: AccessToken | null;
  try {
    token = await credential.getToken(scope);
  } catch (cause) {
    const why = cause instanceof Error ? redact(cause.message) : "it failed";
    throw clientError("credential", `no token for ${scope}: ${why}`, {
      hint: "Sign in (`az login`), or set what the credential reads.",
      cause,
    });
  }
  if (token === null || token.token === "") {
    throw new DpsClientError("credential", `no token for ${scope}: the credential gave none`);
  }
  return token;
}

/**
 * Authorization by Entra ID, or by anything else that is a `TokenCredential`. The token is kept until
 * shortly before its end: some credentials start a process for each.
 */
export function bearerAuthorization(
  credential: TokenCredential,
  scope: string,
  now: () => number,
): Authorize {
  let current: { token: AccessToken; renewAt: number } | undefined;
  let pending: Promise<AccessToken> | undefined;
  const renew = async () => {
    try {
      const token = await fetchToken(credential, scope);
      const life = token.expiresOnTimestamp - now();
      const margin = Math.min(RENEW_BEFORE_MS, life / 10);
      const renewAt = token.refreshAfterTimestamp ?? token.expiresOnTimestamp - margin;
      current = { token, renewAt };
      return token;
    } finally {
      pending = undefined;
    }
  };
  return async (signal) => {
    const { aborted, release } = rejectOnAbort(signal);
    try {
      const kept = current !== undefined && now() < current.renewAt ? current.token : undefined;
      if (kept === undefined) pending ??= renew();
      const { token } = kept ?? (await Promise.race([pending as Promise<AccessToken>, aborted]));
      return { header: `Bearer ${token}`, secrets: [token] };
    } finally {
      aborted.catch(() => {});
      release();
    }
  };
}

/** A token that was got elsewhere, e.g. the one that an emulator printed. It is never renewed. */
export function staticToken(token: string): TokenCredential {
  return {
    getToken: () => Promise.resolve({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
  };
}
