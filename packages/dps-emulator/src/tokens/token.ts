import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { exportJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { ProvisioningService } from "../provisioning-service.ts";

export const ALGORITHM = "ES256";
/** What Entra says of a token for an application. */
export const TOKEN_SECONDS = 86_399;

/** Both names of Azure Resource Manager; clients ask for tokens with and without the last slash. */
export const MANAGEMENT_AUDIENCES: readonly string[] = [
  "https://management.azure.com/",
  "https://management.azure.com",
  "https://management.core.windows.net/",
  "https://management.core.windows.net",
];
export const SERVICE_AUDIENCES: readonly string[] = [
  "https://azure-devices-provisioning.net",
  "https://azure-devices-provisioning.net/",
];

const issuerOf = ({ nonce }: ProvisioningService) => `urn:dps-certs:emulator:${nonce}`;

/** Decoding the key takes longer than the rest, for jose too, which remembers what it decoded. */
let decoded: { pem: string; privateKey: KeyObject; publicKey: KeyObject } | undefined;

function keysOf({ tokenKey: pem }: ProvisioningService) {
  if (decoded?.pem !== pem) {
    const privateKey = createPrivateKey(pem);
    decoded = { pem, privateKey, publicKey: createPublicKey(privateKey) };
  }
  return decoded;
}

/**
 * Signs a bearer token with the state's own key.
 *
 * @param claims - `audience`, `lifetimeSeconds`, and more members of the token in `extra`
 */
export async function signToken(
  service: ProvisioningService,
  now: Date,
  claims: { audience: string; lifetimeSeconds: number; extra?: JWTPayload },
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return await new SignJWT(claims.extra ?? {})
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT", kid: service.nonce })
    .setIssuer(issuerOf(service))
    .setAudience(claims.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + claims.lifetimeSeconds)
    .sign(keysOf(service).privateKey);
}

/** What Entra writes into a token of an application, as far as clients read it. */
export function clientClaims({ clientId, tenantId }: ProvisioningService): JWTPayload {
  return { appid: clientId, oid: clientId, sub: clientId, tid: tenantId, ver: "1.0" };
}

/** The public half of the signing key as a JSON Web Key Set (RFC 7517 §5). */
export async function publicKeySet(service: ProvisioningService): Promise<{ keys: object[] }> {
  const jwk = await exportJWK(keysOf(service).publicKey);
  return { keys: [{ ...jwk, kid: service.nonce, use: "sig", alg: ALGORITHM }] };
}

/** The token of an `Authorization: Bearer …` header; undefined when it holds none. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([\w.-]+) *$/i.exec(authorization)?.[1];
}

/**
 * Checks that this state signed a token, for one of the audiences, and that it is in date.
 *
 * @throws {errors.JOSEError} of jose, when not
 */
export async function verifyToken(
  service: ProvisioningService,
  now: Date,
  token: string,
  audiences: readonly string[],
): Promise<void> {
  await jwtVerify(token, keysOf(service).publicKey, {
    // Named, so that neither `none` nor a shared secret is ever an option.
    algorithms: [ALGORITHM],
    audience: [...audiences],
    issuer: issuerOf(service),
    requiredClaims: ["exp"],
    currentDate: now,
  });
}
