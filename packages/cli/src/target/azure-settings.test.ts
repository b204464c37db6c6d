import { chmodSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Context } from "../command.ts";
import { createBench } from "../testing/bench.ts";
import { silent } from "../testing/silent.ts";
import type { AzureOptions } from "./azure-options.ts";
import { readAzureSettings } from "./azure-settings.ts";

const KEY = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
const stringOf = (host: string) =>
  `HostName=${host};SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=${KEY}`;
const MINE = stringOf("mydps.azure-devices-provisioning.net");

function setUp() {
  const bench = createBench();
  const warnings: string[] = [];
  const read = (azure: AzureOptions = {}, env: Record<string, string> = {}) => {
    const io = { env, cwd: bench.folder } as Context["io"];
    const report = { ...silent, warn: (text: string) => warnings.push(text) };
    const choice = { kind: "azure", why: "--target", byEnvironment: false } as const;
    return readAzureSettings({ io, report, azure }, choice);
  };
  const file = (text: string, mode = 0o600) => {
    writeFileSync(bench.path("cs"), text);
    chmodSync(bench.path("cs"), mode);
    return "cs";
  };
  const refusal = async (azure: AzureOptions, env: Record<string, string> = {}) => {
    const error: { code: string; message: string; hint: string } = await read(azure, env).then(
      () => expect.fail("was not refused"),
      (reason) => reason,
    );
    expect(`${error.message} ${error.hint}`).not.toContain(KEY);
    return error;
  };
  return { read, file, refusal, warnings };
}

describe("the name of a service", () => {
  it.each([
    ["mydps", { dpsName: "mydps" }, {}, "--target, --dps-name"],
    ["mydps", {}, { DPS_NAME: "mydps" }, "--target, DPS_NAME"],
    ["mydps", {}, { DPS_NAME: " mydps\n" }, "--target, DPS_NAME"],
    ["mydps", { dpsName: "mydps" }, { DPS_NAME: "other" }, "--target, --dps-name"],
    ["mydps", { dpsName: "mydps.azure-devices-provisioning.net" }, {}, "--target, --dps-name"],
    ["mydps", {}, { DPS_CONNECTION_STRING: MINE }, "--target, DPS_CONNECTION_STRING"],
    [
      "mydps",
      {},
      { DPS_CONNECTION_STRING: MINE, DPS_NAME: "MyDps" },
      "--target, DPS_CONNECTION_STRING",
    ],
    [
      "mydps",
      {},
      { DPS_CONNECTION_STRING: MINE, DPS_NAME: "mydps.azure-devices-provisioning.net" },
      "--target, DPS_CONNECTION_STRING",
    ],
    [
      "mydps",
      { dpsName: "mydps.azure-devices-provisioning.net" },
      { DPS_CONNECTION_STRING: MINE },
      "--target, DPS_CONNECTION_STRING",
    ],
  ])("is %s for %j and %j", async (dpsName, azure, env, why) => {
    expect(await setUp().read(azure, env)).toMatchObject({ dpsName, why });
  });

  it("has to be given", async () => {
    const { code, hint } = await setUp().refusal({});
    expect([code, hint]).toEqual(["target", expect.stringContaining("--dps-name")]);
  });

  it.each(["a", "my_dps", "-dps", "my/../dps", "12345", "mydps.example.com"])(
    "is refused as %s, which could not be a host's",
    async (dpsName) => {
      expect((await setUp().refusal({ dpsName })).code).toBe("usage");
    },
  );

  it("is refused where a connection string names another", async () => {
    const { refusal, file } = setUp();
    const env = { DPS_CONNECTION_STRING: MINE, DPS_NAME: "other" };
    expect((await refusal({}, env)).message).toContain("DPS_NAME");
    const both = { dpsName: "other", connectionStringFile: file(MINE) };
    expect((await refusal(both)).message).toContain("--connection-string-file is of mydps");
  });

  it.each([stringOf("other.azure-devices-provisioning.net"), "garbage"])(
    "on the command line counts more than a connection string of the environment",
    async (text) => {
      const settings = await setUp().read({ dpsName: "mydps" }, { DPS_CONNECTION_STRING: text });
      expect(settings).toMatchObject({ dpsName: "mydps", connectionString: undefined });
    },
  );
});

describe("a connection string", () => {
  it("is read from a file, whose mode is minded", async () => {
    const { read, file, warnings } = setUp();
    const settings = await read({ connectionStringFile: file(`\ufeff${MINE}\r\n`) });
    expect(settings.connectionString).toMatchObject({
      text: MINE,
      from: "--connection-string-file",
    });
    expect(warnings).toEqual([]);
    await read({ connectionStringFile: file(MINE, 0o644) });
    expect(warnings).toEqual([expect.stringMatching(/mode 0644.*chmod 600/)]);
  });

  it.each([
    ["of a hub", stringOf("myhub.azure-devices.net"), /IoT hub myhub/, /connection-string show/],
    ["of a device", "HostName=x.azure-devices.net;DeviceId=d;SharedAccessKey=eA==", /Name/, /show/],
    ["of an emulator", stringOf("localhost:9443"), /localhost:9443/, /DPS_EMULATOR_URL/],
    ["of no service", stringOf("dps.example.com"), /dps\.example\.com/, /--cloud/],
    ["without a key", "HostName=a;SharedAccessKeyName=b", /no SharedAccessKey/, /show/],
    ["of nothing", KEY, /not Name=value/, /show/],
  ])("%s is refused without being quoted", async (_, text, message, hint) => {
    const error = await setUp().refusal({}, { DPS_CONNECTION_STRING: text });
    expect(error).toMatchObject({
      code: "target",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it("in a file that is not there is wrong usage", async () => {
    expect((await setUp().refusal({ connectionStringFile: "none" })).code).toBe("usage");
  });
});

describe("the cloud", () => {
  it.each([
    ["AzureCloud", false, {}, { DPS_NAME: "mydps" }],
    ["AzureChinaCloud", true, { cloud: "AzureChinaCloud" }, { DPS_NAME: "mydps" }],
    ["AzureUSGovernment", true, {}, { DPS_NAME: "mydps", AZURE_CLOUD_NAME: "azureusgovernment" }],
    ["AzureUSGovernment", true, { dpsName: "mydps.azure-devices-provisioning.us" }, {}],
    [
      "AzureChinaCloud",
      true,
      {},
      { DPS_CONNECTION_STRING: stringOf("mydps.azure-devices-provisioning.cn") },
    ],
  ])("is %s", async (name, isCloudGiven, azure, env) => {
    expect(await setUp().read(azure, env)).toMatchObject({
      dpsName: "mydps",
      cloud: { name },
      isCloudGiven,
    });
  });

  it("is one that there is, and the connection string's", async () => {
    const { refusal } = setUp();
    const wrong = await refusal({ dpsName: "mydps" }, { AZURE_CLOUD_NAME: "AzurePublicCloud" });
    expect(wrong.message).toContain("AZURE_CLOUD_NAME takes AzureCloud, AzureChinaCloud");
    const other = await refusal({ cloud: "AzureChinaCloud" }, { DPS_CONNECTION_STRING: MINE });
    expect(other.message).toContain("no provisioning service of AzureChinaCloud");
  });
});
