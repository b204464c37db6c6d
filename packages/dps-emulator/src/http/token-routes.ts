import { type EndpointVersion, issueToken } from "../tokens/client-credentials.ts";
import {
  cloudEndpoints,
  instanceDiscovery,
  keySet,
  openIdConfiguration,
} from "../tokens/discovery.ts";
import { managedIdentityToken } from "../tokens/managed-identity.ts";
import { refuseToken, TokenRefusal } from "../tokens/refusal.ts";
import type { Handler, Route } from "./route.ts";

/** A handler whose refusals have Entra's form. */
const entra =
  (handler: Handler): Handler =>
  async (call) => {
    try {
      return await handler(call);
    } catch (error) {
      if (error instanceof TokenRefusal) return refuseToken(call.context, error);
      throw error;
    }
  };

const token = (version: EndpointVersion) =>
  entra(({ context, request, part }) =>
    issueToken(context, request, { tenant: part("tenant"), version }),
  );

export const TOKEN_ROUTES: readonly Route[] = [
  ["POST", "/:tenant/oauth2/v2.0/token", token("v2")],
  ["POST", "/:tenant/oauth2/token", token("v1")],
  [
    "GET",
    "/:tenant/v2.0/.well-known/openid-configuration",
    entra(({ context, request, part }) => openIdConfiguration(context, request, part("tenant"))),
  ],
  [
    "GET",
    "/:tenant/discovery/v2.0/keys",
    entra(({ context, part }) => keySet(context, part("tenant"))),
  ],
  [
    "GET",
    "/common/discovery/instance",
    ({ context, request }) => instanceDiscovery(context, request),
  ],
  ["GET", "/metadata/endpoints", ({ request }) => cloudEndpoints(request)],
  [
    "GET",
    "/metadata/identity/oauth2/token",
    ({ context, request }) => managedIdentityToken(context, request),
  ],
];
