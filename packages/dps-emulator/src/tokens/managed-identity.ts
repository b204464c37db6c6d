import type { Context } from "../context.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { loopbackNameOf } from "../http/origin.ts";
import { readService } from "../provisioning-service.ts";
import { audienceOf } from "./audience.ts";
import { answerV1 } from "./client-credentials.ts";
import { TokenRefusal } from "./refusal.ts";
import { clientClaims, signToken, TOKEN_SECONDS } from "./token.ts";

/** Parameters that choose another identity than the machine's own. */
const OTHER_IDENTITY = ["client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id"];

/** What proxies add (RFC 7239 §4, RFC 9110 §7.6.3, and what was there before them). */
const FORWARDED = ["forwarded", "via", "x-forwarded-for"];

/**
 * Hands out a token as a virtual machine's metadata service does: without a secret, to whoever runs on
 * the machine. So that no web page can ask in its user's name, the header `Metadata: true` is needed,
 * which a browser sends only where it was allowed to; `Host` must be a loopback name, which a page that
 * rebinds its own name cannot send; and a forwarded request comes from elsewhere.
 */
export async function managedIdentityToken(
  context: Context,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  if (!context.settings.msi) {
    // Not 404: clients take that for a service that is not ready yet, and try again and again.
    return refuse(403, "access_denied", "The managed-identity endpoint is off.");
  }
  const problem = problemOf(context, request);
  if (problem !== undefined) return refuse(400, "invalid_request", problem);
  const resource = request.query.get("resource") ?? "";
  try {
    const service = context.store.read(readService);
    const now = context.now();
    const token = await signToken(service, now, {
      audience: audienceOf(resource, request),
      lifetimeSeconds: TOKEN_SECONDS,
      extra: clientClaims(service),
    });
    const body = { client_id: service.clientId, ...answerV1(token, resource, now) };
    return { status: 200, headers: { "Cache-Control": "no-store, no-cache" }, body };
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    return refuse(400, "invalid_resource", "AADSTS500011: The resource was not found.");
  }
}

function problemOf(context: Context, request: ServiceRequest): string | undefined {
  const { headers, query } = request;
  if (headers.metadata?.toLowerCase() !== "true") return "Required metadata header not specified";
  if (FORWARDED.some((name) => headers[name] !== undefined)) return "The request was forwarded";
  if (loopbackNameOf(request) === undefined) return "The Host header is not a loopback name";
  if (!/^\d{4}-\d{2}-\d{2}$/.test(query.get("api-version") ?? "")) {
    return "Required query variable 'api-version' is missing";
  }
  if (!query.get("resource")) return "Required query variable 'resource' is missing";
  const { clientId } = context.store.read(readService);
  const isOther = (name: string) => query.has(name) && query.get(name)?.toLowerCase() !== clientId;
  return OTHER_IDENTITY.some(isOther) ? "Identity not found" : undefined;
}

function refuse(status: number, error: string, error_description: string): ServiceResponse {
  return { status, body: { error, error_description } };
}
