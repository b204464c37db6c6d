import { inspect } from "node:util";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { staticToken } from "./authorization.ts";
import { EnrollmentClient } from "./enrollment-client.ts";
import { DpsClientError } from "./errors.ts";
import { fakeRuntime } from "./testing/fake-runtime.ts";
import { type SeenRequest, type Step, scriptedService } from "./testing/scripted-service.ts";

const ENDPOINT = "https://dps.example";

/** A service that repeats what it was sent in whatever place an error is read from. */
const echoes =
  (status: number, place: number) =>
  (request: SeenRequest): Step => {
    const said = request.headers.authorization ?? "";
    const bare = said.replace(/^.*?(sig=|Bearer )/, "").replace(/&.*/, "");
    const bodies: unknown[] = [
      { errorCode: 400000, message: `you sent ${said}`, trackingId: "x" },
      { errorCode: 400000, message: `bad token ${bare} (${decodeURIComponent(bare)})` },
      { errorCode: bare, trackingId: bare, message: "x" },
      { error: { code: bare, message: said } },
      { Message: bare },
      said,
      { errorCode: 5, message: [bare] },
    ];
    const headers = { "x-ms-request-id": bare.slice(0, 80), "retry-after": "999" };
    return { status, body: bodies[place % bodies.length], headers };
  };

async function failureOf(
  credential: ConstructorParameters<typeof EnrollmentClient>[0]["credential"],
  status: number,
  place: number,
): Promise<string> {
  const { dispatcher } = scriptedService(ENDPOINT, [echoes(status, place)]);
  const options = { endpoint: ENDPOINT, credential, dispatcher, runtime: fakeRuntime() };
  const client = new EnrollmentClient(options);
  const error: unknown = await client.getGroup("a").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DpsClientError);
  return inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
}

const token = fc.stringMatching(/^[A-Za-z0-9_-]{20,60}(\.[A-Za-z0-9_-]{20,60}){0,2}$/);
const anyStatus = fc.constantFrom(200, 307, 400, 401, 404, 412, 429, 503);

describe("no error", () => {
  test.prop([fc.uint8Array({ minLength: 16, maxLength: 64 }), anyStatus, fc.nat()])(
    "holds a key or a signature, even if the service repeats it",
    async (secret, status, place) => {
      const key = Buffer.from(secret).toString("base64");
      const { dispatcher, seen } = scriptedService(ENDPOINT, [{ status: 204 }]);
      const credential = { keyName: "owner", key };
      const options = { endpoint: ENDPOINT, credential, dispatcher, runtime: fakeRuntime() };
      await new EnrollmentClient(options).deleteGroup("a");
      const signature = /sig=([^&]+)/.exec(seen[0]?.headers.authorization ?? "")?.[1] ?? "";
      expect(signature).not.toBe("");
      const text = await failureOf(credential, status, place);
      expect(text).not.toContain(key);
      expect(text).not.toContain(signature);
      expect(text).not.toContain(decodeURIComponent(signature));
      expect(text).not.toMatch(/sig=[^[]/);
    },
  );

  test.prop([token, anyStatus, fc.nat()])(
    "holds a bearer token, even if the service repeats it",
    async (secret, status, place) => {
      expect(await failureOf(staticToken(secret), status, place)).not.toContain(secret);
    },
  );
});
