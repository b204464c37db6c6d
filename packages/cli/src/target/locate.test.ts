import {
  CLOUDS,
  DpsClientError,
  type FoundService,
  type ProvisioningServicesClient,
} from "@dps-certs/dps-client";
import { describe, expect, it } from "vitest";
import { locate, takesNoKeys } from "./locate.ts";

const ID = "0b5f3c2e-6f0e-4d5a-9d1b-1f2e3d4c5b6a";
const HOST = "MyDps.azure-devices-provisioning.net";
type Find = ProvisioningServicesClient["find"];

const at = (host: string | null) => ({
  dpsName: "mydps",
  description: { properties: { serviceOperationsHostName: host } },
});

function setUp(
  names: readonly string[],
  find: Find = (_, scope) => Promise.resolve({ ...scope, ...at(HOST) } as never),
) {
  const services = {
    find,
    subscriptions: async function* () {
      yield* await Promise.resolve(
        names.map((name) => ({ displayName: name, subscriptionId: `${name}-id` })),
      );
    },
  };
  return (subscription?: string, resourceGroup?: string) =>
    locate(services as unknown as ProvisioningServicesClient, {
      cloud: CLOUDS.AzureCloud,
      dpsName: "mydps",
      subscription: subscription ? { value: subscription, from: "--subscription" } : undefined,
      resourceGroup: resourceGroup
        ? { value: resourceGroup, from: "DPS_RESOURCE_GROUP" }
        : undefined,
    });
}

const rejects =
  (code: "not-found" | "ambiguous"): Find =>
  () =>
    Promise.reject(new DpsClientError(code, "find provisioning service mydps", { hint: "theirs" }));

describe("looking a service up", () => {
  it("is narrowed by a subscription's id, or by its name", async () => {
    const find = setUp(["Other", "Factory Floor"]);
    expect(await find(ID)).toMatchObject({ subscriptionId: ID });
    expect(await find("factory floor", "rg")).toMatchObject({
      subscriptionId: "Factory Floor-id",
      resourceGroup: "rg",
    });
    expect(await find()).toMatchObject({ subscriptionId: undefined });
  });

  it.each([
    ["not-found", ["Other"]],
    ["ambiguous", ["Mine", "mine"]],
  ])("refuses a subscription's name as %s", async (code, names) => {
    await expect(setUp(names)("mine")).rejects.toMatchObject({
      code,
      hint: expect.stringContaining("az account list"),
    });
  });

  it("says what narrowed the search that found nothing", async () => {
    const find = setUp([], rejects("not-found"));
    await expect(find()).rejects.toMatchObject({ code: "not-found", hint: "theirs" });
    await expect(find(ID, "rg")).rejects.toMatchObject({
      hint: expect.stringContaining("--subscription and DPS_RESOURCE_GROUP"),
    });
  });

  it("says which options tell two services apart", async () => {
    await expect(setUp([], rejects("ambiguous"))()).rejects.toMatchObject({
      code: "ambiguous",
      hint: expect.stringContaining("--subscription and --resource-group"),
    });
  });
});

describe("the host of a service", () => {
  const locateAt = (host: string | null) =>
    setUp([], () => Promise.resolve(at(host) as FoundService))();

  it.each([HOST, null])("may be %s", async (host) => {
    expect(await locateAt(host)).toMatchObject(at(host));
  });

  it.each([
    "evil.example",
    "mydps.azure-devices-provisioning.net.evil.example",
    "evil.example/.azure-devices-provisioning.net",
    "evil.example#.azure-devices-provisioning.net",
    "mydps.azure-devices-provisioning.us",
    ".azure-devices-provisioning.net",
  ])("is never %s: a token would go there", async (host) => {
    await expect(locateAt(host)).rejects.toMatchObject({ code: "protocol" });
  });
});

describe("whether a service takes keys", () => {
  const located = { dpsName: "mydps" } as FoundService;
  const ask = async (get: () => Promise<unknown>) => {
    let isClosed = false;
    const close = () => {
      isClosed = true;
      return Promise.resolve();
    };
    const client = { get, close } as unknown as ProvisioningServicesClient;
    const answer = await takesNoKeys(client, located).catch(({ code }) => code);
    return { answer, isClosed };
  };

  it.each([
    [true, { disableLocalAuth: true }],
    [false, { disableLocalAuth: false }],
    [false, {}],
  ])("is said by it: %s for %j", async (answer, properties) => {
    expect(await ask(() => Promise.resolve({ properties }))).toEqual({ answer, isClosed: true });
  });

  it("is no question where Azure does not know that version", async () => {
    const fails = (code: "bad-request" | "network") => () =>
      Promise.reject(new DpsClientError(code, "no"));
    expect(await ask(fails("bad-request"))).toEqual({ answer: false, isClosed: true });
    expect(await ask(fails("network"))).toEqual({ answer: "network", isClosed: true });
  });
});
