import { replaceHubs } from "../management/linked-hubs.ts";
import { LOCATION } from "../management/service-description.ts";
import { Refusal } from "../problems.ts";
import { readService, writeService } from "../provisioning-service.ts";
import type { Store } from "../store/store.ts";

/**
 * Links the service to these hubs and no others; what is known of one that stays is kept.
 *
 * @param hostNames - 50 at most; none is allowed, and no device is assigned then
 * @throws {TypeError} when one is no host name, or is there twice
 */
export function linkHubs(store: Store, hostNames: readonly string[]): void {
  const linked = checked(hostNames);
  store.write((writer) => {
    const service = readService(writer);
    const { hubDetails, linkedHubs } = linked;
    const isSame = JSON.stringify(service.linkedHubs) === JSON.stringify(linkedHubs);
    if (isSame) return;
    writeService(writer, {
      ...service,
      linkedHubs,
      hubDetails: { ...hubDetails, ...known(service.hubDetails, linkedHubs) },
      revision: service.revision + 1,
    });
  });
}

function checked(hostNames: readonly string[]) {
  try {
    return replaceHubs(hostNames.map((name) => ({ name, location: LOCATION })));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new TypeError(`linkedHubs: ${cause.message}`, { cause });
  }
}

function known<T>(details: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(details).filter(([name]) => names.includes(name)));
}
