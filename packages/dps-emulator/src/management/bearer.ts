import { errors } from "jose";
import type { Context } from "../context.ts";
import { Refusal, refusal } from "../problems.ts";
import { type ProvisioningService, readService } from "../provisioning-service.ts";
import { bearerOf, MANAGEMENT_AUDIENCES, signToken, verifyToken } from "../tokens/token.ts";

/** Seconds that a minted token is good for. */
export const TOKEN_LIFETIME_SECONDS: number = 24 * 60 * 60;

/** Mints a bearer token of the management plane, for the state's own key to verify. */
export async function mintManagementToken(
  service: ProvisioningService,
  now: Date,
): Promise<string> {
  const audience = "https://management.azure.com/";
  return await signToken(service, now, { audience, lifetimeSeconds: TOKEN_LIFETIME_SECONDS });
}

/**
 * Lets a request of the management plane pass only with a bearer token that this state signed, for
 * this audience, and that is in date.
 *
 * @throws {Refusal} `bearer-refused`
 */
export async function requireBearer(
  context: Context,
  authorization: string | undefined,
): Promise<void> {
  if (authorization === undefined) {
    throw new Refusal("bearer-refused", "The 'Authorization' header is missing.");
  }
  const token = bearerOf(authorization);
  if (token === undefined) {
    throw new Refusal("bearer-refused", "The 'Authorization' header holds no bearer token.");
  }
  const service = context.store.read(readService);
  try {
    await verifyToken(service, context.now(), token, MANAGEMENT_AUDIENCES);
  } catch (cause) {
    throw refusal("bearer-refused", reasonOf(cause), cause);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "The access token has expired.";
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud") {
    return "The access token has been obtained for the wrong audience.";
  }
  return "The access token is invalid.";
}
