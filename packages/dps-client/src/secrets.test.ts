import { inspect } from "node:util";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { staticToken } from "./authorization.ts";
import { EnrollmentClient } from "./enrollments/enrollment-client.ts";
import { DpsClientError } from "./errors.ts";
import { RegistrationClient } from "./registration-client.ts";
import { deriveDeviceKey } from "./sas.ts";
import { fakeRuntime } from "./testing/fake-runtime.ts";
import { type SeenRequest, type Step, scriptedService } from "./testing/scripted-service.ts";

const ENDPOINT = "https://dps.example";

/** What an answer repeats of a request, and how. */
interface Echo {
  status: number;
  /** Where in the answer. */
  place: number;
  /** What is left out at the beginning and at the end. */
  cut: [number, number];
  encoded: boolean;
}

const echo: fc.Arbitrary<Echo> = fc.record({
  status: fc.constantFrom(200, 307, 400, 401, 404, 412, 429, 503),
  place: fc.nat({ max: 9 }),
  cut: fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 50 })),
  encoded: fc.boolean(),
});

/** A service that repeats what it was sent in whatever place an error is read from. */
const echoes =
  ({ status, place, cut: [start, end], encoded }: Echo) =>
  (request: SeenRequest): Step => {
    const authorization = request.headers.authorization ?? "";
    const bare = authorization.replace(/^.*?(sig=|Bearer )/, "").replace(/&.*/, "");
    const all = `${authorization} ${JSON.stringify(request.body)} ${request.path}`;
    const piece = all.slice(start, all.length - end);
    const said = encoded ? encodeURIComponent(piece) : piece;
    const bodies: unknown[] = [
      { errorCode: 400000, message: `you sent ${said}`, trackingId: "x" },
      { errorCode: 400000, message: `bad ${bare} (${decodeURIComponent(bare)})` },
      { errorCode: bare, trackingId: bare, message: "x" },
      { errorCode: bare.slice(5, 30), trackingId: bare.slice(0, 40) },
      { error: { code: bare, message: said, details: [{ message: said }] } },
      { Message: said },
      { code: said, details: said, message: said },
      said,
      { errorCode: 5, message: [bare] },
      { operationId: "1", status: "failed", registrationState: { errorMessage: said } },
    ];
    const headers = {
      "x-ms-request-id": bare.slice(0, 80),
      "x-ms-error-code": bare.slice(1, 60),
      "retry-after": "999",
    };
    // The last is the end of a registration, which is no refusal by HTTP.
    return { status: place === bodies.length - 1 ? 200 : status, body: bodies[place], headers };
  };

async function errorOf(how: Echo, call: (options: object) => Promise<unknown>): Promise<string> {
  const { dispatcher } = scriptedService(ENDPOINT, [echoes(how)]);
  const options = { endpoint: ENDPOINT, dispatcher, runtime: fakeRuntime() };
  const error: unknown = await call(options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DpsClientError);
  return inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
}

/** Neither a secret nor a piece of one, in any of its forms. */
function expectWithout(text: string, secret: string): void {
  const pieces = [secret, encodeURIComponent(secret)].flatMap((form) =>
    Array.from({ length: form.length - 11 }, (_, at) => form.slice(at, at + 12)),
  );
  expect(pieces.filter((piece) => text.includes(piece))).toEqual([]);
}

const key = fc
  .uint8Array({ minLength: 16, maxLength: 64 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));
const token = fc.stringMatching(/^[A-Za-z0-9_-]{20,60}(\.[A-Za-z0-9_-]{20,60}){0,2}$/);
const runs = { numRuns: 40 };

describe("no error", () => {
  test.prop([key, echo], runs)(
    "holds the key of a policy or a signature, even if the service repeats it",
    async (secret, how) => {
      const text = await errorOf(how, (options) =>
        new EnrollmentClient({
          ...(options as { endpoint: string }),
          credential: { keyName: "owner", key: secret },
        }).groups.get("a"),
      );
      expectWithout(text, secret);
      expect(text).not.toMatch(/sig(=|%3D)[^[]/i);
    },
  );

  test.prop([token, echo], runs)("holds a bearer token", async (secret, how) => {
    const text = await errorOf(how, (options) =>
      new EnrollmentClient({
        ...(options as { endpoint: string }),
        credential: staticToken(secret),
      }).groups.get("a"),
    );
    expectWithout(text, secret);
  });

  test.prop([key, key, key, echo], runs)(
    "holds a key that was sent",
    async (one, two, hook, how) => {
      const attestation = {
        type: "symmetricKey",
        symmetricKey: { primaryKey: one, secondaryKey: two },
      } as const;
      const webhookUrl = `https://f.example/api?code=${encodeURIComponent(hook)}`;
      const text = await errorOf(how, (options) =>
        new EnrollmentClient({
          ...(options as { endpoint: string }),
          credential: staticToken("a-token-of-no-interest"),
        }).groups.create({
          enrollmentGroupId: "a",
          attestation,
          allocationPolicy: "custom",
          customAllocationDefinition: { webhookUrl, apiVersion: "2021-10-01" },
        }),
      );
      expectWithout(text, one);
      expectWithout(text, two);
      expectWithout(text, hook);
    },
  );

  test.prop([key, echo, fc.boolean()], runs)(
    "holds a device's or a group's key",
    async (secret, how, ofGroup) => {
      const text = await errorOf(how, (options) =>
        new RegistrationClient({
          ...options,
          idScope: "0ne00000000",
          ...(ofGroup ? { groupKey: secret } : { symmetricKey: secret }),
        }).register("dev-1"),
      );
      expectWithout(text, secret);
      expectWithout(text, deriveDeviceKey(secret, "dev-1"));
      expect(text).not.toMatch(/sig(=|%3D)[^[]/i);
    },
  );
});
