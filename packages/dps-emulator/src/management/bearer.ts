import { createPrivateKey, createPublicKey } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Context } from "../context.ts";
import { Refusal, refusal } from "../problems.ts";
import { type ProvisioningService, readService } from "../provisioning-service.ts";

const ALGORITHM = "ES256";
/** Both names of Azure Resource Manager; clients ask for tokens with and without the last slash. */
const AUDIENCES = [
  "https://management.azure.com/",
  "https://management.azure.com",
  "https://management.core.windows.net/",
  "https://management.core.windows.net",
];
/** Seconds that a minted token is good for. */
export const TOKEN_LIFETIME_SECONDS: number = 24 * 60 * 60;

/** Mints a bearer token of the management plane, for the state's own key to verify. */
export async function mintManagementToken(
  service: ProvisioningService,
  now: Date,
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return await new SignJWT({})
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
    .setIssuer(issuerOf(service))
    .setAudience("https://management.azure.com/")
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TOKEN_LIFETIME_SECONDS)
    .sign(createPrivateKey(service.tokenKey));
}

const issuerOf = ({ nonce }: ProvisioningService) => `urn:dps-certs:emulator:${nonce}`;

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
  const token = /^Bearer +([\w.-]+) *$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw new Refusal("bearer-refused", "The 'Authorization' header holds no bearer token.");
  }
  const service = context.store.read(readService);
  try {
    await jwtVerify(token, createPublicKey(service.tokenKey), {
      algorithms: [ALGORITHM],
      audience: AUDIENCES,
      issuer: issuerOf(service),
      requiredClaims: ["exp"],
      currentDate: context.now(),
    });
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
