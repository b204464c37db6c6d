import { parseWire, servicePath, TokenErrorBody, TokenResponse } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { makeWorld, PORT } from "../testing/world.ts";

const RESOURCE = "https://management.azure.com/";

function setUp({ msi = true } = {}) {
  const world = makeWorld();
  world.context.settings.msi = msi;
  const ask = (headers: Record<string, string> = {}, query: Record<string, string> = {}) => {
    const all = { "api-version": "2018-02-01", resource: RESOURCE, ...query };
    return world.send("GET", `/metadata/identity/oauth2/token?${new URLSearchParams(all)}`, {
      headers: { metadata: "true", ...headers },
    });
  };
  const refusal = async (...args: Parameters<typeof ask>) => {
    const { status, body } = await ask(...args);
    return [status, parseWire(TokenErrorBody, body, "a refusal").error];
  };
  return { world, ask, refusal };
}

describe("the managed-identity endpoint", () => {
  it("hands out a token without a secret, in the metadata service's form", async () => {
    const { world, ask } = setUp();
    const { status, body } = await ask();
    expect(status).toBe(200);
    const token = parseWire(TokenResponse, body, "a token");
    expect(token).toMatchObject({
      client_id: world.service.clientId,
      expires_in: "86399",
      resource: RESOURCE,
    });
    const path = `${servicePath(world.service)}/certificates?api-version=2022-12-12`;
    const headers = { authorization: `Bearer ${token.access_token}` };
    expect((await world.send("GET", path, { headers })).status).toBe(200);
  });

  it("is off unless it was asked for", async () => {
    expect(await setUp({ msi: false }).refusal()).toEqual([403, "access_denied"]);
  });

  it.each(["", "false", "1"])("wants the header Metadata: true, not %j", async (metadata) => {
    const { refusal } = setUp();
    expect(await refusal({ metadata })).toEqual([400, "invalid_request"]);
  });

  it.each([
    "evil.example",
    `evil.example:${PORT}`,
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "emulated-dps.azure-devices-provisioning.net",
    "",
  ])("is refused when it was called as %j", async (host) => {
    expect(await setUp().refusal({ host })).toEqual([400, "invalid_request"]);
  });

  it.each(["localhost", `LOCALHOST:${PORT}`, "127.0.0.1:1", `[::1]:${PORT}`])(
    "may be called as %s",
    async (host) => {
      expect((await setUp().ask({ host })).status).toBe(200);
    },
  );

  it.each([
    { "x-forwarded-for": "192.0.2.1" },
    { forwarded: "for=192.0.2.1" },
    { via: "1.1 proxy.example" },
  ])("is not for a request that was forwarded: %j", async (headers) => {
    expect(await setUp().refusal(headers)).toEqual([400, "invalid_request"]);
  });

  it("wants an api-version and a resource that it knows", async () => {
    const { refusal } = setUp();
    expect(await refusal({}, { "api-version": "" })).toEqual([400, "invalid_request"]);
    expect(await refusal({}, { resource: "" })).toEqual([400, "invalid_request"]);
    const resource = "https://vault.azure.net";
    expect(await refusal({}, { resource })).toEqual([400, "invalid_resource"]);
  });

  it("has one identity", async () => {
    const { world, ask, refusal } = setUp();
    const own = world.service.clientId;
    expect((await ask({}, { client_id: own.toUpperCase() })).status).toBe(200);
    for (const name of ["client_id", "object_id", "mi_res_id", "msi_res_id"]) {
      expect(await refusal({}, { [name]: "other" })).toEqual([400, "invalid_request"]);
    }
  });
});
