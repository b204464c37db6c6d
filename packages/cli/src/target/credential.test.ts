import { CLOUDS } from "@dps-certs/dps-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { TokenCredential } from "./azure-access.ts";
import { createAzureCredential, sharedCredential } from "./credential.ts";

const HOUR = 3_600_000;

function setUp() {
  const asked: string[] = [];
  let time = 0;
  let fails = false;
  const credential: TokenCredential = {
    getToken: (scope) => {
      asked.push(String(scope));
      if (fails) return Promise.reject(new Error("no"));
      return Promise.resolve({ token: `t${asked.length}`, expiresOnTimestamp: time + HOUR });
    },
  };
  let created = 0;
  const shared = sharedCredential(
    () => {
      created += 1;
      return Promise.resolve(credential);
    },
    () => time,
  );
  return {
    asked,
    token: async (scope: string) => (await shared.getToken(scope))?.token,
    created: () => created,
    pass: (ms: number) => {
      time += ms;
    },
    fail: (value: boolean) => {
      fails = value;
    },
  };
}

describe("one credential for all clients", () => {
  it("asks once for each scope, also when asked at the same time", async () => {
    const { token, asked, created } = setUp();
    expect(created()).toBe(0);
    expect(await Promise.all([token("a"), token("a"), token("b")])).toEqual(["t1", "t1", "t2"]);
    expect(await token("a")).toBe("t1");
    expect([asked, created()]).toEqual([["a", "b"], 1]);
  });

  it("asks again before the end of a token, once", async () => {
    const { token, pass, asked } = setUp();
    await token("a");
    pass(HOUR - 6 * 60_000);
    expect(await token("a")).toBe("t1");
    pass(2 * 60_000);
    expect(await Promise.all([token("a"), token("a")])).toEqual(["t2", "t2"]);
    expect(asked).toHaveLength(2);
  });

  it("asks again after a failure, which is told without its cause", async () => {
    const { token, fail } = setUp();
    fail(true);
    const error = await token("a").catch((reason) => reason);
    expect([error.code, error.cause]).toEqual(["credential", undefined]);
    fail(false);
    expect(await token("a")).toBe("t2");
  });
});

describe("signing in", () => {
  const cloud = CLOUDS.AzureUSGovernment;
  const hints = { cloud, isCloudGiven: true, subscription: "Factory", tenantId: "t" };

  it("says how to install @azure/identity where it is missing", async () => {
    const missing = () =>
      Promise.reject(Object.assign(new Error("not there"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(createAzureCredential(hints, {}, missing)).rejects.toMatchObject({
      code: "credential",
      hint: expect.stringContaining("npm install @azure/identity"),
    });
  });

  it.each([
    [{}, ["Environment", "AzureCli", "DefaultAzure"]],
    [
      { AZURE_FEDERATED_TOKEN_FILE: "f", AZURE_CLIENT_ID: "c", AZURE_TENANT_ID: "t" },
      ["Environment", "WorkloadIdentity", "AzureCli", "DefaultAzure"],
    ],
    // It could not even be made.
    [{ AZURE_FEDERATED_TOKEN_FILE: "f" }, ["Environment", "AzureCli", "DefaultAzure"]],
    [{ AZURE_TOKEN_CREDENTIALS: "dev" }, ["DefaultAzure"]],
  ])("with %j is tried by these in turn: %j", async (env, names) => {
    const { made, identity } = recorder();
    await createAzureCredential(hints, env, identity);
    expect(made.map(({ name }) => name)).toEqual(names);
    for (const { name, options } of made) {
      // az speaks to the cloud that it is set to, and takes a subscription or a tenant, not both.
      const wanted =
        name === "AzureCli" ? { subscription: "Factory" } : { authorityHost: cloud.authorityHost };
      expect(options).toMatchObject(wanted);
      expect(Object.keys(options as object)).not.toContain("tenantId");
      const isPatient = /Cli|Default/.test(name);
      expect(options).toEqual(isPatient ? { ...wanted, processTimeoutInMs: 25_000 } : wanted);
    }
  });

  it("does not hand az a subscription's name that the package refuses", async () => {
    const { made, identity } = recorder();
    const subscription = "Factory (Dev/Test)";
    await createAzureCredential({ ...hints, subscription }, {}, identity);
    const account = made.find(({ name }) => name === "AzureCli")?.options;
    expect(account).toMatchObject({ tenantId: "t" });
    expect(JSON.stringify(account)).not.toContain("Factory");
    const { AzureCliCredential } = await import("@azure/identity");
    expect(() => new AzureCliCredential({ subscription })).toThrow("invalid characters");
  });

  it("says which variable keeps anything from being tried", async () => {
    const credential = async (hint: object) =>
      sharedCredential(() => createAzureCredential({ ...hints, ...hint }, {}), Date.now);
    vi.stubEnv("AZURE_TENANT_ID", "not a tenant!");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await expect((await credential({})).getToken("s")).rejects.toMatchObject({
      code: "credential",
      message: "AZURE_TENANT_ID is no tenant's id",
    });
  });
});

/** Stands for the package, and keeps what is made of it. */
function recorder() {
  const made: { name: string; options: unknown }[] = [];
  const recorded = (name: string) =>
    class {
      constructor(options: unknown) {
        made.push({ name, options });
      }
    };
  const names = ["Environment", "WorkloadIdentity", "AzureCli", "DefaultAzure"];
  const classes = names.map((name) => [`${name}Credential`, recorded(name)]);
  const module = { ...Object.fromEntries(classes), ChainedTokenCredential: class {} };
  const identity = () => Promise.resolve(module as unknown as typeof import("@azure/identity"));
  return { made, identity };
}
