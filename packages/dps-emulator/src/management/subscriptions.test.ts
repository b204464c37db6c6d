import {
  ManagementErrorBody,
  parseWire,
  ResourceGroup,
  ResourceGroupList,
  ResourceProvider,
  ResourceProviderList,
  Subscription,
  SubscriptionList,
} from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { manage } from "../testing/management.ts";
import { makeWorld } from "../testing/world.ts";

function setUp() {
  const world = makeWorld();
  const send = manage(world);
  const { subscriptionId, resourceGroup, tenantId } = world.service;
  const get = async (path: string) => {
    const { status, body } = await send("GET", `${path}?api-version=2022-12-01`);
    return { status, body };
  };
  const refusal = async (path: string) => {
    const { status, body } = await get(path);
    return [status, parseWire(ManagementErrorBody, body, "an error").error.code];
  };
  return { world, get, refusal, subscriptionId, resourceGroup, tenantId };
}

describe("what a service lies in", () => {
  it("is one subscription, of the tenant that hands out tokens", async () => {
    const { get, subscriptionId, tenantId } = setUp();
    const { value } = parseWire(SubscriptionList, (await get("/subscriptions")).body, "a list");
    const one = (await get(`/Subscriptions/${subscriptionId.toUpperCase()}`)).body;
    expect(value).toEqual([parseWire(Subscription, one, "a subscription")]);
    expect(one).toMatchObject({
      id: `/subscriptions/${subscriptionId}`,
      subscriptionId,
      tenantId,
      state: "Enabled",
    });
  });

  it("is one resource group", async () => {
    const { get, subscriptionId, resourceGroup } = setUp();
    const groups = `/subscriptions/${subscriptionId}/resourcegroups`;
    const { value } = parseWire(ResourceGroupList, (await get(groups)).body, "a list");
    const one = (await get(`${groups}/${resourceGroup}`)).body;
    expect(value).toEqual([parseWire(ResourceGroup, one, "a resource group")]);
    expect(one).toMatchObject({
      id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
      name: resourceGroup,
    });
  });

  it("has one resource provider, which is registered", async () => {
    const { get, refusal, subscriptionId } = setUp();
    const providers = `/subscriptions/${subscriptionId}/providers`;
    const { value } = parseWire(ResourceProviderList, (await get(providers)).body, "a list");
    const one = (await get(`${providers}/microsoft.devices`)).body;
    expect(value).toEqual([parseWire(ResourceProvider, one, "a provider")]);
    expect(one.registrationState).toBe("Registered");
    expect(one.resourceTypes[0].apiVersions).toContain("2026-08-31");
    expect(await refusal(`${providers}/Microsoft.Web`)).toEqual([404, "InvalidResourceNamespace"]);
  });

  it("is refused under another name, and without one", async () => {
    const { refusal, subscriptionId } = setUp();
    for (const path of ["/subscriptions/other", "/subscriptions/other/resourceGroups"]) {
      expect(await refusal(path)).toEqual([404, "SubscriptionNotFound"]);
    }
    for (const path of ["/resourceGroups/other", "/providers/Microsoft.Devices/x"]) {
      expect((await refusal(`/subscriptions/${subscriptionId}${path}`))[0]).toBe(404);
    }
    expect((await refusal("/subscriptions//resourceGroups"))[0]).toBe(404);
  });

  it("is told to nobody without a token", async () => {
    const { world, subscriptionId } = setUp();
    for (const path of ["/subscriptions", `/subscriptions/${subscriptionId}/resourceGroups`]) {
      const { status, headers } = await world.send("GET", `${path}?api-version=2022-12-01`);
      expect([status, headers["WWW-Authenticate"]]).toEqual([401, "Bearer"]);
    }
  });

  it("wants an api-version", async () => {
    const { world } = setUp();
    const { body } = await manage(world)("GET", "/subscriptions?");
    expect(body.error.code).toBe("MissingApiVersionParameter");
  });
});
