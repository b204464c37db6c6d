import { type Authorize, orAbort } from "./authorization.ts";

/**
 * Authorization that is chosen when the first request needs it. A choice that failed is made anew with
 * the next request.
 *
 * @param choose may ask other services; what it throws is what the request fails with
 */
export function deferredAuthorization(choose: () => Promise<Authorize>): Authorize {
  let chosen: Promise<Authorize> | undefined;
  return async (signal) => {
    chosen ??= choose().catch((error: unknown) => {
      chosen = undefined;
      throw error;
    });
    const authorize = await orAbort(chosen, signal);
    return await authorize(signal);
  };
}
