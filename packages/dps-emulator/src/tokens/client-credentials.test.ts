import { parseWire, servicePath, TokenErrorBody, TokenResponse } from "@dps-certs/dps-protocol";
import { fc, it as property } from "@fast-check/vitest";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { makeWorld, PORT, type World } from "../testing/world.ts";

const MANAGEMENT = "https://management.azure.com/.default";

function setUp() {
  const world = makeWorld();
  const { tenantId, clientId, clientSecret } = world.service;
  const ask = (
    changes: Record<string, string | undefined> = {},
    { path = `/${tenantId}/oauth2/v2.0/token`, headers = {} } = {},
  ) => {
    const form = new URLSearchParams();
    const fields = {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: MANAGEMENT,
      ...changes,
    };
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) form.append(name, value);
    }
    return world.send("POST", path, { body: form.toString(), headers });
  };
  const token = async (changes?: Record<string, string | undefined>) => {
    const { status, body } = await ask(changes);
    expect(status).toBe(200);
    return parseWire(TokenResponse, body, "a token").access_token;
  };
  const refusal = async (...args: Parameters<typeof ask>) => {
    const answer = await ask(...args);
    const body = parseWire(TokenErrorBody, answer.body, "a refusal");
    expect(body.error_description).toContain(`AADSTS${body.error_codes?.[0]}: `);
    expect(answer.body).not.toHaveProperty("access_token");
    return [answer.status, body.error, body.error_codes?.[0]];
  };
  return { world, ask, token, refusal, tenantId, clientId, clientSecret };
}

const statusAt = async (world: World, path: string, token: string) =>
  (await world.send("GET", path, { headers: { authorization: `Bearer ${token}` } })).status;
const certificatesOf = (world: World) =>
  `${servicePath(world.service)}/certificates?api-version=2022-12-12`;

describe("the token endpoint", () => {
  it("hands out a token for the management plane, as Entra words it", async () => {
    const { world, ask } = setUp();
    const { status, body, headers } = await ask();
    expect([status, headers["Cache-Control"]]).toEqual([200, "no-store, no-cache"]);
    const { access_token, ...rest } = parseWire(TokenResponse, body, "a token");
    expect(rest).toEqual({
      token_type: "Bearer",
      expires_in: 86_399,
      ext_expires_in: 86_399,
      refresh_in: 43_199,
    });
    expect(await statusAt(world, certificatesOf(world), access_token)).toBe(200);
    world.forward(86_399);
    expect(await statusAt(world, certificatesOf(world), access_token)).toBe(401);
  });

  it.each([
    MANAGEMENT,
    "https://management.core.windows.net//.default",
    "https://management.azure.com//.default openid profile offline_access",
    "https://MANAGEMENT.azure.com/.default",
    `https://localhost:${PORT}/.default`,
    `https://127.0.0.1:${PORT}//.default`,
  ])("takes %s for the management plane", async (scope) => {
    const { world, token } = setUp();
    const one = await token({ scope });
    expect(await statusAt(world, certificatesOf(world), one)).toBe(200);
    expect(await statusAt(world, "/enrollmentGroups/g", one)).toBe(401);
  });

  it("hands out a token for the service data plane, good for that alone", async () => {
    const { world, token } = setUp();
    const one = await token({ scope: "https://azure-devices-provisioning.net/.default" });
    expect(await statusAt(world, "/enrollmentGroups/g", one)).toBe(404);
    expect(await statusAt(world, certificatesOf(world), one)).toBe(401);
  });

  it("writes into the token who it is for, and signs it with the published key", async () => {
    const { world, token, tenantId, clientId } = setUp();
    const { body } = await world.send("GET", `/${tenantId}/discovery/v2.0/keys`);
    const verified = await jwtVerify(await token(), createLocalJWKSet(body), {
      audience: "https://management.azure.com",
      currentDate: world.context.now(),
    });
    expect(verified.payload).toMatchObject({ appid: clientId, tid: tenantId });
    expect(verified.protectedHeader.alg).toBe("ES256");
  });

  it("takes the secret as HTTP Basic too", async () => {
    const { ask, refusal, clientId, clientSecret } = setUp();
    const none = { client_id: undefined, client_secret: undefined };
    const basic = (secret: string) => ({
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`,
      },
    });
    expect((await ask(none, basic(encodeURIComponent(clientSecret)))).status).toBe(200);
    expect(await refusal(none, basic("wrong"))).toEqual([401, "invalid_client", 7000215]);
    expect(await refusal(none, basic(""))).toEqual([401, "invalid_client", 7000216]);
  });

  it("is there in its older form, with a resource and numbers as text", async () => {
    const { world, ask, refusal, tenantId } = setUp();
    const resource = "https://management.core.windows.net/";
    const path = { path: `/${tenantId}/oauth2/token` };
    const { body } = await ask({ scope: undefined, resource }, path);
    const answer = parseWire(TokenResponse, body, "a token");
    expect(answer).toMatchObject({ expires_in: "86399", resource });
    const end = Math.floor(world.context.now().getTime() / 1000) + 86_399;
    expect(answer.expires_on).toBe(`${end}`);
    expect(await statusAt(world, certificatesOf(world), answer.access_token)).toBe(200);
    expect(await refusal({ scope: undefined }, path)).toEqual([400, "invalid_request", 900144]);
  });

  it.each([
    ["a wrong secret", { client_secret: "wrong" }, [401, "invalid_client", 7000215]],
    ["no secret", { client_secret: undefined }, [401, "invalid_client", 7000216]],
    ["another client", { client_id: "other" }, [400, "unauthorized_client", 700016]],
    ["another grant", { grant_type: "password" }, [400, "unsupported_grant_type", 70003]],
    ["no grant", { grant_type: undefined }, [400, "invalid_request", 900144]],
    ["no scope", { scope: undefined }, [400, "invalid_request", 900144]],
    ["a scope of nothing", { scope: "openid" }, [400, "invalid_scope", 70011]],
    ["two scopes", { scope: `${MANAGEMENT} ${MANAGEMENT}` }, [400, "invalid_scope", 70011]],
    [
      "a scope without /.default",
      { scope: "https://management.azure.com/" },
      [400, "invalid_scope", 1002012],
    ],
    [
      "another resource",
      { scope: "https://vault.azure.net/.default" },
      [400, "invalid_resource", 500011],
    ],
    [
      "another server of this machine",
      { scope: "https://localhost:1/.default" },
      [400, "invalid_resource", 500011],
    ],
  ])("refuses %s", async (_what, changes, expected) => {
    expect(await setUp().refusal(changes)).toEqual(expected);
  });

  it("refuses another tenant, and a parameter that stands twice", async () => {
    const { world, ask, refusal, tenantId } = setUp();
    const other = { path: "/common/oauth2/v2.0/token" };
    expect(await refusal({}, other)).toEqual([400, "invalid_request", 90002]);
    const twice = await world.send("POST", `/${tenantId}/oauth2/v2.0/token`, {
      body: "grant_type=client_credentials&grant_type=client_credentials",
    });
    expect([twice.status, twice.body.error_codes]).toEqual([400, [9000411]]);
    expect((await ask({}, { path: `/${tenantId.toUpperCase()}/oauth2/v2.0/token/` })).status).toBe(
      200,
    );
    expect((await world.send("GET", `/${tenantId}/oauth2/v2.0/token`)).status).toBe(405);
  });

  it("never quotes what it was sent", async () => {
    const { ask } = setUp();
    const secret = "hunter2-hunter2";
    for (const name of ["client_secret", "client_id", "grant_type", "scope"]) {
      const { body } = await ask({ [name]: secret });
      expect(JSON.stringify(body)).not.toContain(secret);
    }
  });

  it("hands out nothing that another state takes", async () => {
    const [{ token }, { world }] = [setUp(), setUp()];
    expect(await statusAt(world, certificatesOf(world), await token())).toBe(401);
  });

  property.prop([fc.string(), fc.string(), fc.uint8Array()])(
    "answers any form and any header with a refusal in Entra's form",
    async (form, header, bytes) => {
      const { world, tenantId } = setUp();
      for (const body of [form, Buffer.from(bytes).toString("latin1")]) {
        const answer = await world.send("POST", `/${tenantId}/oauth2/v2.0/token`, {
          body,
          headers: { authorization: `Basic ${header}` },
        });
        expect(answer.status).toBe(400);
        parseWire(TokenErrorBody, answer.body, "a refusal");
      }
    },
  );
});
