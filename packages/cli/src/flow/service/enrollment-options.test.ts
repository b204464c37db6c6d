import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { fc, test } from "@fast-check/vitest";
import { afterAll, describe, expect, it } from "vitest";
import { Args } from "../../args.ts";
import type { Context } from "../../command.ts";
import { silent } from "../../testing/silent.ts";
import { withSettings } from "./enrollment-members.ts";
import {
  checkChangedSettings,
  checkNewSettings,
  readCommonAttestation,
  readSettings,
} from "./enrollment-options.ts";
import { parseTwin } from "./initial-twin.ts";

const folder = mkdtempSync(join(tmpdir(), "dps-certs-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return name;
};
const warnings: string[] = [];
const warn = (text: string) => {
  warnings.push(text);
};
const report = { ...silent, warn };
const context = { io: { cwd: folder }, report } as unknown as Context;
const settings = (values: Record<string, unknown>) => readSettings(new Args(values), context);
const attestation = (values: Record<string, unknown>) =>
  readCommonAttestation(new Args(values), context);
const usage = (message: RegExp) => ({ code: "usage", message: expect.stringMatching(message) });

describe("the options of an enrollment", () => {
  it("are all undefined where nothing is given", async () => {
    expect(Object.values(await settings({})).filter((value) => value !== undefined)).toEqual([]);
    expect(await attestation({})).toBeUndefined();
  });

  it("become settings", async () => {
    expect(
      await settings({
        disabled: true,
        "allocation-policy": "custom",
        "iot-hubs": "a.azure-devices.net, b.azure-devices.net",
        "webhook-url": "https://f.example",
        reprovision: "reset",
        "edge-enabled": true,
        "initial-twin": '{"tags":{"site":"x"}}',
      }),
    ).toMatchObject({
      provisioningStatus: "disabled",
      allocationPolicy: "custom",
      iotHubs: ["a.azure-devices.net", "b.azure-devices.net"],
      webhookUrl: "https://f.example",
      reprovision: "reset",
      edgeEnabled: true,
      initialTwin: { tags: { site: "x" } },
    });
  });

  it.each([
    [{ enabled: true, disabled: true }, /--enabled and --disabled/],
    [{ "edge-enabled": true, "edge-disabled": true }, /--edge-enabled and/],
    [{ "iot-hubs": "a,,b" }, /--iot-hubs has an empty name/],
    [{ "webhook-url": "https://x", "allocation-policy": "static" }, /not static/],
    [{ "initial-twin": "gone.json" }, /gone\.json/],
    [{ "initial-twin": `{"tags":"${"x".repeat(100_000)}"}` }, /more than \d+ bytes/],
  ])("refuse %j", async (values, message) => {
    await expect(settings(values)).rejects.toMatchObject(usage(message));
  });

  it.each([
    [{ iotHubs: ["a"] }, /--iot-hubs needs --allocation-policy/],
    [{ allocationPolicy: "custom" as const }, /custom needs --webhook-url/],
    [{ webhookUrl: "https://x" }, /needs --allocation-policy custom/],
  ])("say everything of a new one: %j does not", (given, message) => {
    expect(() => checkNewSettings(given)).toThrow(message);
  });

  it.each([
    [{}, { iotHubs: ["a"] }, /--iot-hubs needs --allocation-policy: the group g has no policy/],
    [{ allocationPolicy: "hashed" }, { webhookUrl: "https://x" }, /the group g has hashed/],
    [{}, { allocationPolicy: "custom" as const }, /custom needs --webhook-url/],
    [{ allocationPolicy: "custom" }, { webhookApiVersion: "2021-10-01" }, /has no webhook yet/],
  ])("fit what stays of one that is changed: %j and %j do not", (before, given, message) => {
    const changed = withSettings<Partial<EnrollmentGroup>>(before, given);
    const check = () => checkChangedSettings(changed, given, "the group g");
    expect(check).toThrow(expect.objectContaining(usage(message)));
  });
});

describe("the attestation's options", () => {
  it("take symmetric keys from files, and warn of files that others can read", async () => {
    const [primary, secondary] = [randomBytes(16), randomBytes(64)].map((b) =>
      b.toString("base64"),
    );
    write("p", `${primary}\nanything`);
    writeFileSync(join(folder, "s"), ` ${secondary}\r\n`, { mode: 0o644 });
    expect(await attestation({ "primary-key-file": "p", "secondary-key-file": "s" })).toEqual({
      kind: "symmetricKey",
      primaryKey: primary,
      secondaryKey: secondary,
    });
    expect(warnings).toEqual([
      expect.stringContaining("s holds a symmetric key and has mode 0644"),
    ]);
  });

  it.each([
    ["too short a key", randomBytes(15).toString("base64")],
    ["too long a key", randomBytes(65).toString("base64")],
    ["no base64", "c2VjcmV0LXNlY3JldA==c2VjcmV0"],
    ["nothing", ""],
  ])("refuse a file with %s, and do not quote it", async (_name, content) => {
    const error = await attestation({ "primary-key-file": write("k", content) }).catch((e) => e);
    expect(error).toMatchObject(usage(/--primary-key-file/));
    if (content !== "") expect(JSON.stringify(error) + error.stack).not.toContain(content);
  });

  it("exclude one another", async () => {
    const both = { "symmetric-key": true, "ca-reference": "root" };
    await expect(attestation(both)).rejects.toMatchObject(usage(/exclude one another/));
    expect(await attestation({ "ca-reference": "root" })).toMatchObject({
      kind: "caReferences",
      primary: "root",
    });
  });
});

describe("an initial twin", () => {
  it("is read from a file as well, with or without the mark of UTF-8", async () => {
    const twin = { tags: { a: 1 }, properties: { desired: { b: [2] } } };
    write("twin.json", `\uFEFF${JSON.stringify(twin)}`);
    expect((await settings({ "initial-twin": "twin.json" })).initialTwin).toEqual(twin);
    write("latin1.json", Buffer.from('{"tags":{"a":"é"}}', "latin1"));
    await expect(settings({ "initial-twin": "latin1.json" })).rejects.toMatchObject(usage(/UTF-8/));
  });

  it.each(["[]", "null", "1", '{"tag":{}}', '{"tags":[]}', '{"properties":{"desired":1}}', "{"])(
    "is not %s",
    (text) => {
      expect(() => parseTwin(text, "the twin")).toThrow(/^the twin/);
    },
  );

  test.prop([fc.string()])("never fails but with an error of the command line", (text) => {
    try {
      parseTwin(text, "the twin");
    } catch (error) {
      expect(error).toMatchObject({ code: "usage" });
    }
  });
});
