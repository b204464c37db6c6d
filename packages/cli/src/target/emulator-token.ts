import { DpsClientError } from "@dps-certs/dps-client";
import { TokenResponse } from "@dps-certs/dps-protocol";
import * as v from "valibot";
import type { TokenCredential } from "./azure-access.ts";
import { call } from "./health.ts";

/** The client of an emulator, as its `emulator.json` names it. */
export interface ClientSecret {
  tenantId: string;
  clientId: string;
  /** A secret. */
  clientSecret: string;
}

/** What the variables that Microsoft's libraries read say; undefined where they do not say all. */
export function clientSecretOf(
  env: Readonly<Record<string, string | undefined>>,
): ClientSecret | undefined {
  const { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId } = env;
  const { AZURE_CLIENT_SECRET: clientSecret } = env;
  if (!tenantId || !clientId || !clientSecret) return undefined;
  return { tenantId, clientId, clientSecret };
}

/**
 * Whether a tenant is this emulator's. The variables may as well be set up for Azure, and a secret of
 * Azure's is shown to nobody else.
 */
export async function hasTenant(url: string, ca: string, tenantId: string): Promise<boolean> {
  const path = `/${encodeURIComponent(tenantId)}/v2.0/.well-known/openid-configuration`;
  return (await call("GET", new URL(path, url), ca)).status === 200;
}

/** Signs in to an emulator by client secret (RFC 6749 §4.4). */
export function emulatorCredential(
  url: string,
  ca: string,
  { tenantId, clientId, clientSecret }: ClientSecret,
  now: () => Date,
): TokenCredential {
  const endpoint = new URL(`/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`, url);
  return {
    getToken: async (scopes) => {
      const form = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
        scope: [scopes].flat().join(" "),
      });
      const { status, body } = await call("POST", endpoint, ca, {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
      });
      const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), TokenResponse), body);
      if (status === 200 && answer.success) {
        const { access_token: token, expires_in: seconds } = answer.output;
        return { token, expiresOnTimestamp: now().getTime() + Number(seconds) * 1000 };
      }
      // Without the answer's words: they quote what was sent.
      throw new DpsClientError("credential", `the emulator gave no token (HTTP ${status})`, {
        hint: "check AZURE_CLIENT_ID and AZURE_CLIENT_SECRET against its emulator.json",
      });
    },
  };
}
