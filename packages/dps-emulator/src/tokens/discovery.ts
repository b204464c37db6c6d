import type { Context } from "../context.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { originOf } from "../http/origin.ts";
import { readService } from "../provisioning-service.ts";
import { TokenRefusal } from "./refusal.ts";
import { ALGORITHM, publicKeySet } from "./token.ts";

/** OpenID Connect Discovery 1.0 §3: where a client of this tenant finds the rest. */
export function openIdConfiguration(
  context: Context,
  request: ServiceRequest,
  tenant: string,
): ServiceResponse {
  requireTenant(context, tenant);
  const base = `${originOf(request)}/${tenant.toLowerCase()}`;
  return {
    status: 200,
    body: {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      grant_types_supported: ["client_credentials"],
      response_types_supported: ["token"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: [ALGORITHM],
      // Nobody answers there, but clients demand the member.
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      // MSAL takes an issuer at the authority's own host and no other.
      issuer: `${base}/v2.0`,
    },
  };
}

/** The public half of the key that signs tokens. */
export async function keySet(context: Context, tenant: string): Promise<ServiceResponse> {
  requireTenant(context, tenant);
  return { status: 200, body: await publicKeySet(context.store.read(readService)) };
}

/** Tells a client that the emulator is an authority, if that is what it asks for. */
export function instanceDiscovery(context: Context, request: ServiceRequest): ServiceResponse {
  const origin = originOf(request);
  const endpoint = request.query.get("authorization_endpoint") ?? "";
  if (!endpoint.toLowerCase().startsWith(`${origin}/`)) {
    const error_description = "The authorization_endpoint is not this emulator's.";
    return { status: 400, body: { error: "invalid_instance", error_description } };
  }
  const { tenantId } = context.store.read(readService);
  const host = origin.replace(/^https:\/\//, "");
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

/** What `az cloud register` asks a Resource Manager for: where to log in, and for which audience. */
export function cloudEndpoints(request: ServiceRequest): ServiceResponse {
  const origin = originOf(request);
  return {
    status: 200,
    body: {
      galleryEndpoint: origin,
      graphEndpoint: origin,
      portalEndpoint: origin,
      authentication: {
        loginEndpoint: origin,
        audiences: ["https://management.core.windows.net/", "https://management.azure.com/"],
      },
    },
  };
}

function requireTenant(context: Context, tenant: string): void {
  const { tenantId } = context.store.read(readService);
  if (tenant.toLowerCase() !== tenantId) throw new TokenRefusal("tenant-unknown");
}
