import {
  InstanceDiscovery,
  JsonWebKeySet,
  OpenIdConfiguration,
  parseWire,
} from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { makeWorld, PORT } from "../testing/world.ts";

function setUp() {
  const world = makeWorld();
  const { tenantId } = world.service;
  const get = (path: string, host?: string) =>
    world.send("GET", path, host === undefined ? {} : { headers: { host } });
  return { world, get, tenantId };
}

describe("discovery", () => {
  it("names the endpoints at the address by which the emulator was called", async () => {
    const { get, tenantId } = setUp();
    const path = `/${tenantId}/v2.0/.well-known/openid-configuration`;
    for (const host of [`localhost:${PORT}`, "127.0.0.1:1234", `[::1]:${PORT}`]) {
      const { body } = await get(path, host);
      const base = `https://${host}/${tenantId}`;
      expect(parseWire(OpenIdConfiguration, body, "a configuration")).toMatchObject({
        issuer: `${base}/v2.0`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      });
    }
    for (const host of ["a b", "x/y", "user@host", 'x"y']) {
      expect((await get(path, host)).body.issuer).toBe(
        `https://localhost:${PORT}/${tenantId}/v2.0`,
      );
    }
  });

  it("publishes the public half of the signing key alone", async () => {
    const { get, tenantId } = setUp();
    const { keys } = parseWire(
      JsonWebKeySet,
      (await get(`/${tenantId}/discovery/v2.0/keys`)).body,
      "a key set",
    );
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual([
      ...["alg", "crv", "kid", "kty", "use", "x", "y"],
    ]);
  });

  it("knows its own tenant alone", async () => {
    const { get } = setUp();
    for (const path of ["v2.0/.well-known/openid-configuration", "discovery/v2.0/keys"]) {
      const { status, body } = await get(`/common/${path}`);
      expect([status, body.error, body.error_codes]).toEqual([400, "invalid_request", [90002]]);
    }
  });

  it("says that the emulator is an authority, and no other host", async () => {
    const { get, tenantId } = setUp();
    const ask = (endpoint: string) =>
      get(
        `/common/discovery/instance?api-version=1.1&authorization_endpoint=${encodeURIComponent(endpoint)}`,
      );
    const host = `localhost:${PORT}`;
    const { body } = await ask(`https://${host}/${tenantId}/oauth2/v2.0/authorize`);
    expect(parseWire(InstanceDiscovery, body, "a discovery").metadata).toEqual([
      { preferred_network: host, preferred_cache: host, aliases: [host] },
    ]);
    for (const other of ["https://login.evil.example/t/oauth2", `https://${host}.evil/`, ""]) {
      const refused = await ask(other);
      expect([refused.status, refused.body.error]).toEqual([400, "invalid_instance"]);
    }
  });

  it("tells the Azure CLI where to log in", async () => {
    const { get } = setUp();
    const { body } = await get("/metadata/endpoints?api-version=2015-01-01");
    expect(body.authentication.loginEndpoint).toBe(`https://localhost:${PORT}`);
    expect(body.authentication.audiences).toContain("https://management.core.windows.net/");
  });
});
