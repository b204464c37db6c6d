import type { LookupFunction } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWebhook, type TestWebhook } from "../testing/webhook.ts";
import { callWebhook, MAX_ANSWER_BYTES, type WebhookCall } from "./webhook.ts";

let webhook: TestWebhook;
beforeEach(async () => {
  webhook = await startWebhook();
});
afterEach(() => webhook.close());

const call = (changes: Partial<WebhookCall> = {}) =>
  callWebhook({ url: webhook.url, body: { a: "ä" }, allowAnywhere: false, ...changes });
const atHost = (host: string) => `http://${host}:${webhook.port}/api/allocate?code=s3cret`;
/** A name service that says so at its first question, and something else from then on. */
const resolver = (...answers: string[][]) => {
  const asked: string[] = [];
  const resolve: LookupFunction = (name, _options, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(name);
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  };
  return { asked, resolve };
};

const NOT_LOOPBACK =
  ": the emulator calls webhooks on loopback only, unless it is started to allow others.";
const BROKEN = ": the webhook cannot be reached, or broke off its answer.";

describe("calling a webhook", () => {
  it("is one POST of JSON", async () => {
    webhook.say({ iotHubHostName: "a.example", payload: { b: 1 }, initialTwin: { tags: {} } });
    expect(await call()).toMatchObject({ iotHubHostName: "a.example", payload: { b: 1 } });
    expect(webhook.requests).toHaveLength(1);
    expect(webhook.requests[0]).toMatchObject({
      method: "POST",
      url: "/api/allocate?code=s3cret",
      headers: {
        "content-type": "application/json; charset=utf-8",
        host: `127.0.0.1:${webhook.port}`,
      },
      body: { a: "ä" },
    });
  });

  it.each([301, 302, 307, 308])("follows no redirect (%i)", async (status) => {
    webhook.answer = (response, { url }) => {
      if (url === "/elsewhere") response.end('{"iotHubHostName":"a.example"}');
      else response.writeHead(status, { Location: "/elsewhere" }).end();
    };
    expect(await call()).toEqual({ failure: ` with status code: ${status}` });
    expect(webhook.requests).toHaveLength(1);
  });

  it.each([400, 404, 500, 503])("fails with status %i, in the service's words", async (status) => {
    webhook.answer = (response) => response.writeHead(status).end('{"iotHubHostName":"a.example"}');
    expect(await call()).toEqual({ failure: ` with status code: ${status}` });
  });

  it.each([
    ["no JSON", "x"],
    ["a list", "[]"],
    ["nothing", ""],
    ["an object without iotHubHostName", "{}"],
    ["an iotHubHostName that is no text", '{"iotHubHostName":1}'],
    ["a twin that is no object", '{"iotHubHostName":"a","initialTwin":"x"}'],
    ["too deep", `{"iotHubHostName":"a","payload":${"[".repeat(99)}${"]".repeat(99)}}`],
  ])("fails when the answer is %s", async (_, text) => {
    webhook.answer = (response) => response.end(text);
    expect(await call()).toMatchObject({ failure: expect.stringMatching(/^: The body is /) });
  });

  it("reads no more than 64 KB", async () => {
    const answer = (size: number) => {
      const start = '{"iotHubHostName":"a","payload":"';
      webhook.answer = (response) =>
        response.end(`${start}${"x".repeat(size - start.length - 2)}"}`);
    };
    answer(MAX_ANSWER_BYTES);
    expect(await call()).toHaveProperty("iotHubHostName", "a");
    answer(MAX_ANSWER_BYTES + 1);
    expect(await call()).toEqual({ failure: ": the webhook's answer is larger than 64 KB." });
  });

  it("waits so long and no longer, for the answer's head as for its body", async () => {
    const late = { failure: ": the webhook did not answer within 0.05 seconds." };
    webhook.answer = () => undefined;
    expect(await call({ timeoutMs: 50 })).toEqual(late);
    webhook.answer = (response) => response.write('{"iotHub');
    expect(await call({ timeoutMs: 50 })).toEqual(late);
  });

  it("fails when nobody listens, or hangs up", async () => {
    webhook.answer = (response) => response.destroy();
    expect(await call()).toEqual({ failure: BROKEN });
    webhook.answer = (response) => {
      response.write('{"iotHub', () => response.destroy());
    };
    expect(await call()).toEqual({ failure: BROKEN });
    await webhook.close();
    expect(await call()).toEqual({ failure: BROKEN });
    webhook = await startWebhook();
  });

  it.each([
    "",
    "x",
    "ftp://127.0.0.1/",
    "file:///etc/hosts",
    "http://user@127.0.0.1/",
    "http://:word@127.0.0.1/",
  ])("takes no URL like %j", async (url) => {
    expect(await call({ url })).toEqual({
      failure: ": its webhookUrl is no http or https URL without a user name or password.",
    });
  });
});

describe("a webhook that is not on loopback", () => {
  it.each(["0.0.0.0", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]", "[::]", "3221225985"])(
    "is not called by its address %s",
    async (host) => {
      expect(await call({ url: atHost(host) })).toEqual({ failure: NOT_LOOPBACK });
      expect(webhook.requests).toEqual([]);
    },
  );

  it("is not called by a name that leads elsewhere, not even among others", async () => {
    for (const addresses of [["192.0.2.1"], ["127.0.0.1", "192.0.2.1"]]) {
      const { resolve } = resolver(addresses);
      expect(await call({ url: atHost("hook.test"), resolve })).toEqual({ failure: NOT_LOOPBACK });
    }
    expect(webhook.requests).toEqual([]);
  });

  it("is called when others are allowed", async () => {
    webhook.say({ iotHubHostName: "a.example" });
    const { resolve } = resolver(["127.0.0.1", "192.0.2.1"]);
    const answer = await call({ url: atHost("hook.test"), resolve, allowAnywhere: true });
    expect(answer).toHaveProperty("iotHubHostName", "a.example");
  });
});

describe("a webhook on loopback", () => {
  it.each(["localhost", "127.0.0.1", "127.1", "[::ffff:127.0.0.1]"])(
    "is called as %s",
    async (host) => {
      webhook.say({ iotHubHostName: "a.example" });
      expect(await call({ url: atHost(host) })).toHaveProperty("iotHubHostName", "a.example");
    },
  );

  it("is reached at the address that was checked: its name is looked up once", async () => {
    webhook.say({ iotHubHostName: "a.example" });
    const { asked, resolve } = resolver(["127.0.0.1"], ["192.0.2.1"]);
    expect(await call({ url: atHost("hook.test"), resolve })).toHaveProperty("iotHubHostName");
    expect(asked).toEqual(["hook.test"]);
    expect(webhook.requests[0]?.headers.host).toBe(`hook.test:${webhook.port}`);
  });
});
