import { inspect } from "node:util";
import type { TokenCredential } from "@azure/core-auth";
import { beforeEach, describe, expect, it } from "vitest";
import {
  bearerAuthorization,
  deviceAuthorization,
  sasAuthorization,
  staticToken,
} from "./authorization.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { TEST_KEY } from "./testing/sas-vectors.ts";

const MINUTE = 60_000;
let runtime: FakeRuntime;
beforeEach(() => {
  runtime = fakeRuntime();
});

describe("sasAuthorization", () => {
  const authorize = () => sasAuthorization({ keyName: "p", key: TEST_KEY }, "Host:1", runtime.now);
  const end = (header = "") => Number(/&se=(\d+)/.exec(header)?.[1]) * 1000;

  it("signs for the host in lower case, encoded", async () => {
    expect((await authorize()())?.header).toMatch(/^SharedAccessSignature sr=host%3A1&sig=/);
  });

  it("makes a token for an hour and uses it again", async () => {
    const next = authorize();
    const first = await next();
    expect(end(first?.header) - runtime.now()).toBe(60 * MINUTE);
    runtime.advance(54 * MINUTE);
    expect(await next()).toBe(first);
  });

  it("makes a new token before the old one ends", async () => {
    const next = authorize();
    const first = await next();
    runtime.advance(55 * MINUTE);
    const second = await next();
    expect(end(second?.header) - end(first?.header)).toBe(55 * MINUTE);
  });
});

describe("deviceAuthorization", () => {
  it("signs for scope and id as they are, as a registration", async () => {
    const authorization = await deviceAuthorization(
      "0ne00000012",
      "Dev-1",
      TEST_KEY,
      runtime.now,
    )();
    expect(authorization?.header).toMatch(
      /^SharedAccessSignature sr=0ne00000012%2Fregistrations%2FDev-1&sig=[^&]+&se=\d+&skn=registration$/,
    );
  });
});

describe("bearerAuthorization", () => {
  const SCOPE = "https://management.azure.com/.default";

  function counting(lifeMs: number): TokenCredential & { scopes: (string | string[])[] } {
    const scopes: (string | string[])[] = [];
    return {
      scopes,
      getToken: (scope) => {
        scopes.push(scope);
        const token = `token-${scopes.length}`;
        return Promise.resolve({ token, expiresOnTimestamp: runtime.now() + lifeMs });
      },
    };
  }

  it("asks for the scope once, also for requests at the same time", async () => {
    const credential = counting(60 * MINUTE);
    const authorize = bearerAuthorization(credential, SCOPE, runtime.now);
    const headers = await Promise.all([authorize(), authorize(), authorize()]);
    expect(headers.map((one) => one?.header)).toEqual(Array(3).fill("Bearer token-1"));
    expect(credential.scopes).toEqual([SCOPE]);
  });

  it("gets a new token five minutes before the old one ends", async () => {
    const authorize = bearerAuthorization(counting(60 * MINUTE), SCOPE, runtime.now);
    await authorize();
    runtime.advance(55 * MINUTE - 1);
    expect((await authorize())?.header).toBe("Bearer token-1");
    runtime.advance(1);
    expect((await authorize())?.header).toBe("Bearer token-2");
  });

  it("does not ask for ever for tokens that live shortly", async () => {
    const credential = counting(MINUTE);
    const authorize = bearerAuthorization(credential, SCOPE, runtime.now);
    await authorize();
    runtime.advance(50_000);
    await authorize();
    expect(credential.scopes).toHaveLength(1);
  });

  it("says what the credential said when there is no token, and asks again next time", async () => {
    let broken = true;
    const credential: TokenCredential = {
      getToken: () =>
        broken
          ? Promise.reject(new Error("please run az login"))
          : Promise.resolve({ token: "t", expiresOnTimestamp: runtime.now() + MINUTE }),
    };
    const authorize = bearerAuthorization(credential, SCOPE, runtime.now);
    await expect(authorize()).rejects.toMatchObject({
      code: "credential",
      message: expect.stringContaining("please run az login"),
    });
    broken = false;
    expect((await authorize())?.header).toBe("Bearer t");
  });

  it("keeps a token that is only due for renewal while no other is to be had", async () => {
    let broken = false;
    const credential: TokenCredential = {
      getToken: () =>
        broken
          ? Promise.reject(new Error("offline"))
          : Promise.resolve({ token: "t", expiresOnTimestamp: runtime.now() + 60 * MINUTE }),
    };
    const authorize = bearerAuthorization(credential, SCOPE, runtime.now);
    await authorize();
    broken = true;
    runtime.advance(58 * MINUTE);
    expect((await authorize())?.header).toBe("Bearer t");
    runtime.advance(2 * MINUTE);
    await expect(authorize()).rejects.toMatchObject({ code: "credential" });
  });

  it("keeps the newer token when an older one is dropped late", async () => {
    const credential = counting(60 * MINUTE);
    const authorize = bearerAuthorization(credential, SCOPE, runtime.now);
    const first = await authorize();
    first?.drop();
    const second = await authorize();
    first?.drop();
    expect(await authorize()).toBe(second);
    expect(credential.scopes).toHaveLength(2);
  });

  it("keeps of a credential's error what cannot hold a secret", async () => {
    const credential: TokenCredential = {
      getToken: () =>
        Promise.reject(Object.assign(new Error("no"), { request: { client_secret: "s3cret" } })),
    };
    const error: unknown = await bearerAuthorization(credential, SCOPE, runtime.now)().catch(
      (caught: unknown) => caught,
    );
    expect(inspect(error, { depth: 9 })).not.toContain("s3cret");
  });

  it("refuses a credential that gives nothing", async () => {
    const none: TokenCredential = { getToken: () => Promise.resolve(null) };
    await expect(bearerAuthorization(none, SCOPE, runtime.now)()).rejects.toMatchObject({
      code: "credential",
    });
  });

  it("does not wait for a credential once the call is aborted", async () => {
    const hanging: TokenCredential = { getToken: () => new Promise(() => {}) };
    const controller = new AbortController();
    const waiting = bearerAuthorization(hanging, SCOPE, runtime.now)(controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("keeps a static token", async () => {
    const authorize = bearerAuthorization(staticToken("printed"), SCOPE, runtime.now);
    runtime.advance(1e12);
    expect((await authorize())?.header).toBe("Bearer printed");
  });
});
