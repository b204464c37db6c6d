import { describe, expect, it } from "vitest";
import { CliError } from "../errors.ts";
import { chooseTarget } from "./choose.ts";

const choose = (target: string | undefined, env = {}, azure = {}) =>
  chooseTarget(target, env, "/home/me", azure);

describe("the target of a command", () => {
  it.each([
    ["embedded", undefined, {}],
    [
      "embedded",
      "embedded",
      { DPS_CONNECTION_STRING: "x", DPS_EMULATOR_URL: "https://localhost:1" },
    ],
    ["azure", undefined, { DPS_CONNECTION_STRING: "x" }],
    ["azure", undefined, { DPS_NAME: "mydps" }],
    ["azure", "azure", {}],
    ["url", undefined, { DPS_EMULATOR_URL: "https://localhost:1", DPS_CONNECTION_STRING: "x" }],
    ["url", "https://localhost:9443", {}],
    ["file", ".dps-certs/emulator.json", {}],
    ["file", "./azur", {}],
    ["embedded", undefined, { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c" }],
  ] as const)("is %s for --target %s and %j", (kind, target, env) => {
    expect(choose(target, env).kind).toBe(kind);
  });

  it.each([
    ["azure", { dpsName: "mydps" }, {}],
    ["azure", { dpsName: "mydps" }, { DPS_EMULATOR_URL: "https://localhost:1" }],
    ["azure", { connectionStringFile: "cs" }, {}],
    ["url", { connectionStringFile: "cs" }, { DPS_EMULATOR_URL: "https://localhost:1" }],
  ] as const)("is %s for the options %j and %j", (kind, azure, env) => {
    expect(choose(undefined, env, azure).kind).toBe(kind);
  });

  it("is confirmed before a write where the environment alone says Azure", () => {
    const byEnvironment = (...given: Parameters<typeof choose>) => {
      const choice = choose(...given);
      return choice.kind === "azure" && choice.byEnvironment;
    };
    const env = { DPS_NAME: "mydps" };
    expect(byEnvironment(undefined, env)).toBe(true);
    expect(byEnvironment(undefined, { DPS_CONNECTION_STRING: "x" })).toBe(true);
    expect(byEnvironment("azure", env)).toBe(false);
    expect(byEnvironment(undefined, env, { dpsName: "mydps" })).toBe(false);
  });

  it.each([
    ["embedded", { dpsName: "mydps" }],
    ["embedded", { connectionStringFile: "cs" }],
    [undefined, { resourceGroup: "rg" }],
    [undefined, { subscription: "s" }],
    ["https://localhost:1", { idScope: "0ne00000000" }],
    ["./emulator.json", { cloud: "AzureCloud" }],
  ])("is refused as %s beside %j, which is for Azure", (target, azure) => {
    expect(() => choose(target, {}, azure)).toThrow(/is for Azure/);
  });

  it("is a file seen from the working folder", () => {
    expect(choose("x/emulator.json")).toMatchObject({ file: "/home/me/x/emulator.json" });
  });

  it.each(["azzure", "http://localhost", "https://user:pass@localhost", "https://"])(
    "is refused as %s",
    (target) => {
      expect(() => choose(target)).toThrow(CliError);
    },
  );

  it("never quotes the password of a URL", () => {
    expect(() => choose("https://user:hunter2@localhost")).toThrow(/^(?!.*hunter2)/);
  });
});
