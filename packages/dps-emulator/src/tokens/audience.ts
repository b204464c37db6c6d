import type { ServiceRequest } from "../http/message.ts";
import { loopbackOrigins } from "../http/origin.ts";
import { TokenRefusal } from "./refusal.ts";
import { MANAGEMENT_AUDIENCES, SERVICE_AUDIENCES } from "./token.ts";

const DEFAULT = "/.default";
/** Scopes that ask for no resource; some clients add them to every request. */
const OF_NO_RESOURCE: readonly string[] = ["openid", "profile", "offline_access"];

/**
 * The audience of a token for a resource.
 *
 * @throws {TokenRefusal} `resource-unknown`
 */
export function audienceOf(resource: string, request: Pick<ServiceRequest, "localPort">): string {
  const wanted = resource.toLowerCase();
  if ([...MANAGEMENT_AUDIENCES, ...SERVICE_AUDIENCES].includes(wanted)) return wanted;
  // A management SDK that is told the emulator's address asks for a token for that address.
  if (loopbackOrigins(request).includes(wanted.replace(/\/$/, ""))) {
    return "https://management.azure.com/";
  }
  throw new TokenRefusal("resource-unknown");
}

/**
 * The resource that a scope of the v2 endpoint names; the double slash of
 * `https://management.core.windows.net//.default` belongs to it.
 *
 * @throws {TokenRefusal} `scope-invalid`, `scope-without-default`
 */
export function resourceOfScope(scope: string): string {
  const named = scope.split(" ").filter((one) => one !== "" && !OF_NO_RESOURCE.includes(one));
  const [only] = named;
  if (only === undefined || named.length > 1) throw new TokenRefusal("scope-invalid");
  if (!only.endsWith(DEFAULT)) throw new TokenRefusal("scope-without-default");
  return only.slice(0, -DEFAULT.length);
}
