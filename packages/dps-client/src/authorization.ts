import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { onAbort } from "./aborted.ts";
import { clientError, DpsClientError, isDpsClientError } from "./errors.ts";
import { plainError } from "./redact.ts";
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
  /** Has the next request carry another, where there is another to be had. */
  drop: () => void;
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
  policy: SasPolicy,
  resource: string,
  now: () => number,
  lifeSeconds: number = SAS_LIFE_SECONDS,
): Authorize {
  return signedAuthorization(policy, encodeURIComponent(resource.toLowerCase()), now, lifeSeconds);
}

/**
 * Authorization of one device by its symmetric key.
 *
 * @param key base64; of the device itself, not of its group
 */
export function deviceAuthorization(
  idScope: string,
  registrationId: string,
  key: string,
  now: () => number,
): Authorize {
  const sr = encodeURIComponent(`${idScope}/registrations/${registrationId}`);
  return signedAuthorization({ keyName: "registration", key }, sr, now, SAS_LIFE_SECONDS);
}

/** @param sr as it goes into the token: the signature covers this very text */
function signedAuthorization(
  { keyName, key }: SasPolicy,
  sr: string,
  now: () => number,
  lifeSeconds: number,
): Authorize {
  const margin = Math.min(RENEW_BEFORE_MS, lifeSeconds * 100);
  let current: { authorization: Authorization; renewAt: number } | undefined;
  const sign = () => {
    const expiresAt = Math.ceil(now() / 1000) + lifeSeconds;
    const header = createSasToken({ resource: sr, key, keyName, expiresAt });
    const signature = /&sig=([^&]*)/.exec(header)?.[1] ?? "";
    const secrets = [key, signature, decodeURIComponent(signature)];
    const authorization: Authorization = {
      header,
      secrets,
      drop: () => {
        if (current?.authorization === authorization) current = undefined;
      },
    };
    return { authorization, renewAt: expiresAt * 1000 - margin };
  };
  return () => {
    if (current === undefined || now() >= current.renewAt) current = sign();
    return Promise.resolve(current.authorization);
  };
}

/** As `promise`, but ends with the signal's reason when it aborts. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal?.reason);
    if (signal?.aborted) leave();
    const stay = onAbort(signal, leave);
    promise.then(resolve, reject).finally(stay);
  });
}

async function fetchToken(credential: TokenCredential, scope: string): Promise<AccessToken> {
  let token: AccessToken | null;
  try {
    token = await credential.getToken(scope);
  } catch (cause) {
    // A credential of a program that knows what its user is to do.
    if (isDpsClientError(cause)) throw cause;
    const plain = plainError(cause);
    throw clientError("credential", `no token for ${scope}: ${plain?.message ?? "it failed"}`, {
      hint: "Sign in (`az login`), or set what the credential reads.",
      cause: plain,
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
  let current: { authorization: Authorization; renewAt: number; endsAt: number } | undefined;
  let pending: Promise<Authorization> | undefined;
  const renew = async (): Promise<Authorization> => {
    try {
      const given = await fetchToken(credential, scope);
      const { token, expiresOnTimestamp: endsAt, refreshAfterTimestamp } = given;
      const margin = Math.min(RENEW_BEFORE_MS, (endsAt - now()) / 10);
      const authorization: Authorization = {
        header: `Bearer ${token}`,
        secrets: [token],
        drop: () => {
          if (current?.authorization === authorization) current = undefined;
        },
      };
      current = { authorization, renewAt: refreshAfterTimestamp ?? endsAt - margin, endsAt };
      return authorization;
    } catch (error) {
      // What is only due for renewal is still good.
      if (current !== undefined && now() < current.endsAt) return current.authorization;
      throw error;
    } finally {
      pending = undefined;
    }
  };
  return (signal) => {
    if (current !== undefined && now() < current.renewAt) {
      return Promise.resolve(current.authorization);
    }
    pending ??= renew();
    return orAbort(pending, signal);
  };
}

/** A token that was got elsewhere, e.g. the one that an emulator printed. It is never renewed. */
export function staticToken(token: string): TokenCredential {
  return {
    getToken: () => Promise.resolve({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
  };
}
