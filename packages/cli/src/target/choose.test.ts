import { describe, expect, it } from "vitest";
import { CliError } from "../errors.ts";
import { chooseTarget } from "./choose.ts";

const choose = (target: string | undefined, env = {}) => chooseTarget(target, env, "/home/me");

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
