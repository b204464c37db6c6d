import { mintManagementToken } from "../management/bearer.ts";
import type { Answer, Send, World } from "./world.ts";

export const ARM_VERSION = "2022-12-12";

/** Sends requests of the management plane with a good token; the api-version may stand in the path. */
export function manage(
  world: World,
): (method: string, path: string, sent?: Send) => Promise<Answer> {
  return async (method, path, sent = {}) => {
    const authorization = `Bearer ${await mintManagementToken(world.service, world.context.now())}`;
    const version = path.includes("?") ? "" : `?api-version=${ARM_VERSION}`;
    return await world.send(method, path + version, {
      ...sent,
      headers: { authorization, ...sent.headers },
    });
  };
}
