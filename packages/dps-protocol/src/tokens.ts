/** Tokens and their discovery, as Entra ID and its clients speak of them. */
import * as v from "valibot";

/** v1 endpoints and managed identities write numbers as text. */
const Seconds = v.union([v.number(), v.pipe(v.string(), v.digits())]);

/** What a token endpoint or a managed-identity endpoint hands out (RFC 6749 §5.1). */
export const TokenResponse = v.looseObject({
  token_type: v.literal("Bearer"),
  expires_in: Seconds,
  access_token: v.string(),
  ext_expires_in: v.nullish(Seconds),
  /** v2 endpoint alone. */
  refresh_in: v.nullish(Seconds),
  /** v1 endpoint and managed identities. */
  expires_on: v.nullish(Seconds),
  resource: v.nullish(v.string()),
});
export type TokenResponse = v.InferOutput<typeof TokenResponse>;

/** How a token is refused (RFC 6749 §5.2, with Entra's members). */
export const TokenErrorBody = v.looseObject({
  error: v.string(),
  error_description: v.string(),
  error_codes: v.nullish(v.array(v.number())),
  timestamp: v.nullish(v.string()),
  trace_id: v.nullish(v.string()),
  correlation_id: v.nullish(v.string()),
});
export type TokenErrorBody = v.InferOutput<typeof TokenErrorBody>;

/** OpenID Connect Discovery 1.0 §3. */
export const OpenIdConfiguration = v.looseObject({
  issuer: v.string(),
  authorization_endpoint: v.string(),
  token_endpoint: v.string(),
  jwks_uri: v.string(),
});

/** RFC 7517 §5. */
export const JsonWebKeySet = v.looseObject({
  keys: v.array(v.looseObject({ kty: v.string(), kid: v.string(), use: v.literal("sig") })),
});

/** Tells a client that the authority it was given is one. */
export const InstanceDiscovery = v.looseObject({
  tenant_discovery_endpoint: v.string(),
  metadata: v.array(
    v.looseObject({
      preferred_network: v.string(),
      preferred_cache: v.string(),
      aliases: v.array(v.string()),
    }),
  ),
});
