import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { servicePath } from "@dps-certs/dps-protocol";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { makeWorld } from "../testing/world.ts";
import { mintManagementToken, TOKEN_LIFETIME_SECONDS } from "./bearer.ts";

const ARM = "https://management.azure.com/";

function setUp() {
  const world = makeWorld({ start: new Date("2026-01-01T00:00:00Z") });
  const now = world.context.now().getTime() / 1000;
  const key = createPrivateKey(world.service.tokenKey);
  const issuer = `urn:dps-certs:emulator:${world.service.nonce}`;
  const sign = (
    changes: {
      audience?: string;
      expires?: number | undefined;
      key?: KeyObject;
      issuer?: string;
    } = {},
  ) => {
    const token = new SignJWT({})
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(changes.issuer ?? issuer)
      .setAudience(changes.audience ?? ARM);
    const expires = "expires" in changes ? changes.expires : now + 60;
    if (expires !== undefined) token.setExpirationTime(expires);
    return token.sign(changes.key ?? key);
  };
  const list = (authorization: string | undefined) =>
    world.send("GET", `${servicePath(world.service)}/certificates?api-version=2022-12-12`, {
      headers: authorization === undefined ? {} : { authorization },
    });
  const refused = async (token: string) => {
    const { status, headers, body } = await list(`Bearer ${token}`);
    expect([status, body.error?.code]).toEqual([401, "AuthenticationFailed"]);
    expect(headers["WWW-Authenticate"]).toBe("Bearer");
    expect(JSON.stringify(body)).not.toContain(token);
    return body.error.message;
  };
  return { world, now, issuer, key, sign, list, refused };
}

describe("a bearer token", () => {
  it("is accepted when the state minted it, for a day", async () => {
    const { world, list, refused } = setUp();
    const token = await mintManagementToken(world.service, world.context.now());
    expect((await list(`Bearer ${token}`)).status).toBe(200);
    expect((await list(`bearer ${token}`)).status).toBe(200);
    world.forward(TOKEN_LIFETIME_SECONDS - 1);
    expect((await list(`Bearer ${token}`)).status).toBe(200);
    world.forward(1);
    expect(await refused(token)).toContain("expired");
  });

  it.each([ARM, "https://management.azure.com", "https://management.core.windows.net/"])(
    "may be for %s",
    async (audience) => {
      const { sign, list } = setUp();
      expect((await list(`Bearer ${await sign({ audience })}`)).status).toBe(200);
    },
  );

  it("is refused for another audience", async () => {
    const { sign, refused } = setUp();
    const vault = await sign({ audience: "https://vault.azure.net" });
    expect(await refused(vault)).toContain("audience");
  });

  it("is refused past its end, and without one", async () => {
    const { sign, refused, now } = setUp();
    expect(await refused(await sign({ expires: now }))).toContain("expired");
    await refused(await sign({ expires: undefined }));
  });

  it("is refused when another key signed it, or for another state", async () => {
    const { sign, refused } = setUp();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await refused(await sign({ key: privateKey }));
    await refused(await sign({ issuer: "urn:dps-certs:emulator:other" }));
  });

  it("is refused with alg none, and with the public key used as a shared secret", async () => {
    const { refused, key, now, issuer } = setUp();
    const none = new UnsecuredJWT({})
      .setIssuer(issuer)
      .setAudience(ARM)
      .setExpirationTime(now + 60);
    await refused(none.encode());
    const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" }) as string;
    const confused = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer(issuer)
      .setAudience(ARM)
      .setExpirationTime(now + 60)
      .sign(Buffer.from(publicPem));
    await refused(confused);
  });

  it("is refused when its claims were changed", async () => {
    const { sign, refused, now, issuer } = setUp();
    const [header, , signature] = (await sign({ expires: now - 1 })).split(".");
    const claims = Buffer.from(JSON.stringify({ iss: issuer, aud: ARM, exp: now + 999 }));
    await refused([header, claims.toString("base64url"), signature].join("."));
  });

  it("is refused when it is none", async () => {
    const { list, refused } = setUp();
    for (const token of ["x", "a.b.c", "..", "a.b"]) await refused(token);
    for (const authorization of [undefined, "", "Bearer", "Basic abc", "Bearer a b"]) {
      const { status, body } = await list(authorization);
      expect([status, body.error.code]).toEqual([401, "AuthenticationFailed"]);
    }
  });
});
