import createRouter from "find-my-way";
import { Refusal } from "../problems.ts";
import { DEVICE_ROUTES } from "./device-routes.ts";
import { MANAGEMENT_ROUTES } from "./management-routes.ts";
import { OWN_ROUTES } from "./own-routes.ts";
import type { Handler, Method } from "./route.ts";
import { SERVICE_ROUTES } from "./service-routes.ts";
import { TOKEN_ROUTES } from "./token-routes.ts";

const METHODS: readonly Method[] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
/** An id of 128 characters, each of them percent-encoded, and room to spare. */
const MAX_PART_LENGTH = 512;

const router = createRouter({
  caseSensitive: false,
  ignoreTrailingSlash: true,
  maxParamLength: MAX_PART_LENGTH,
});
const ROUTES = [
  ...MANAGEMENT_ROUTES,
  ...SERVICE_ROUTES,
  ...DEVICE_ROUTES,
  ...TOKEN_ROUTES,
  ...OWN_ROUTES,
];
for (const [method, path, handler] of ROUTES) router.on(method, path, () => undefined, handler);

/**
 * Finds who answers a path.
 *
 * @throws {Refusal} `bad-url`, `no-such-path`, `method-not-allowed`
 */
export function findRoute(
  method: string,
  path: string,
): { handler: Handler; part: (name: string) => string } {
  // The router ends a path at "#", the check of a SAS token's resource does not: neither may see one.
  if (!isDecodable(path) || path.includes("#")) throw new Refusal("bad-url");
  const found = METHODS.find((known) => known === method);
  const route = found && router.find(found, path);
  if (route) {
    const { params } = route;
    return { handler: route.store as Handler, part: (name) => params[name] ?? "" };
  }
  const other = METHODS.some((known) => router.find(known, path) !== null);
  throw new Refusal(other ? "method-not-allowed" : "no-such-path");
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
