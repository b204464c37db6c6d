import { createHash, timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { type ProvisioningService, readService } from "../provisioning-service.ts";
import { audienceOf, resourceOfScope } from "./audience.ts";
import { TokenRefusal } from "./refusal.ts";
import { clientClaims, signToken, TOKEN_SECONDS } from "./token.ts";

/** The two generations of Entra's token endpoint, which name a resource in different ways. */
export type EndpointVersion = "v1" | "v2";

/**
 * Hands out a token to the client of this state (RFC 6749 §4.4).
 *
 * @throws {TokenRefusal} when the tenant, the client, its secret or the resource is another
 */
export async function issueToken(
  context: Context,
  request: ServiceRequest,
  input: { tenant: string; version: EndpointVersion },
): Promise<ServiceResponse> {
  const service = context.store.read(readService);
  if (input.tenant.toLowerCase() !== service.tenantId) throw new TokenRefusal("tenant-unknown");
  const form = new URLSearchParams(Buffer.from(request.body).toString("utf8"));
  if (single(form, "grant_type") !== "client_credentials") {
    throw new TokenRefusal("grant-unsupported");
  }
  requireClient(service, credentialsOf(form, request.headers.authorization));
  const resource =
    input.version === "v2" ? resourceOfScope(single(form, "scope")) : single(form, "resource");
  const now = context.now();
  const token = await signToken(service, now, {
    audience: audienceOf(resource, request),
    lifetimeSeconds: TOKEN_SECONDS,
    extra: clientClaims(service),
  });
  return {
    status: 200,
    headers: { "Cache-Control": "no-store, no-cache", Pragma: "no-cache" },
    body: input.version === "v2" ? answerV2(token) : answerV1(token, resource, now),
  };
}

function answerV2(token: string): object {
  return {
    token_type: "Bearer",
    expires_in: TOKEN_SECONDS,
    ext_expires_in: TOKEN_SECONDS,
    refresh_in: Math.floor(TOKEN_SECONDS / 2),
    access_token: token,
  };
}

/** Numbers as text. Managed identities are answered in the same form. */
export function answerV1(token: string, resource: string, now: Date): object {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return {
    token_type: "Bearer",
    expires_in: `${TOKEN_SECONDS}`,
    ext_expires_in: `${TOKEN_SECONDS}`,
    expires_on: `${issuedAt + TOKEN_SECONDS}`,
    not_before: `${issuedAt}`,
    resource,
    access_token: token,
  };
}

/** The one value of a parameter: twice is refused (RFC 6749 §3.2). */
function single(form: URLSearchParams, name: string): string {
  const [value, ...more] = form.getAll(name);
  if (more.length > 0) throw new TokenRefusal("parameter-twice", name);
  if (!value) throw new TokenRefusal("parameter-missing", name);
  return value;
}

interface Credentials {
  clientId: string;
  clientSecret: string | undefined;
}

/** In the body, or as HTTP Basic with both parts form-encoded (RFC 6749 §2.3.1). */
function credentialsOf(form: URLSearchParams, authorization: string | undefined): Credentials {
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? "")?.[1];
  if (basic !== undefined && !form.has("client_secret")) {
    const [id = "", ...secret] = Buffer.from(basic, "base64").toString("utf8").split(":");
    return { clientId: formDecode(id), clientSecret: formDecode(secret.join(":")) };
  }
  const clientSecret = form.has("client_secret") ? single(form, "client_secret") : undefined;
  return { clientId: single(form, "client_id"), clientSecret };
}

/** Never throws, unlike decodeURIComponent. */
function formDecode(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll("&", "%26")}`).get("x") ?? "";
}

function requireClient(service: ProvisioningService, given: Credentials): void {
  if (given.clientId.toLowerCase() !== service.clientId) throw new TokenRefusal("client-unknown");
  if (!given.clientSecret) throw new TokenRefusal("secret-missing");
  if (!isSame(given.clientSecret, service.clientSecret)) throw new TokenRefusal("secret-wrong");
}

/** In a time that does not depend on where, or by how many characters, the two differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
