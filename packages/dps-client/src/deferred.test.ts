import { describe, expect, it } from "vitest";
import { deferredAuthorization } from "./deferred.ts";

const authorization = { header: "Bearer token", secrets: ["token"], drop: () => {} };

describe("authorization that is chosen late", () => {
  it("is chosen by the first request, once for all that come meanwhile", async () => {
    let chosen = 0;
    const authorize = deferredAuthorization(() => {
      chosen += 1;
      return Promise.resolve(() => Promise.resolve(authorization));
    });
    expect(chosen).toBe(0);
    expect(await Promise.all([authorize(), authorize()])).toEqual([authorization, authorization]);
    expect(await authorize()).toBe(authorization);
    expect(chosen).toBe(1);
  });

  it("is not waited for by a request that ends meanwhile", async () => {
    const authorize = deferredAuthorization(() => new Promise(() => {}));
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = authorize(controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it("is chosen anew after a choice that failed, which its request is told", async () => {
    let chosen = 0;
    const authorize = deferredAuthorization(() => {
      chosen += 1;
      if (chosen === 1) return Promise.reject(new Error("nobody is signed in"));
      return Promise.resolve(() => Promise.resolve(authorization));
    });
    await expect(authorize()).rejects.toThrow("nobody is signed in");
    expect(await authorize()).toBe(authorization);
  });
});
