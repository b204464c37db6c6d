import { createServer, type Server } from "node:https";
import { describe, expect, it } from "vitest";
import { listen } from "./listen.ts";

/** Makes real servers; the one of `number` (from 1) finds its address to be as `code` says. */
function makeServers(failing: number[], code: string): () => Server {
  let made = 0;
  return () => {
    made += 1;
    const server = createServer();
    if (failing.includes(made)) {
      server.listen = () => {
        server.emit("error", Object.assign(new Error(code), { code }));
        return server;
      };
    }
    return server;
  };
}

const closeAll = (servers: Server[]) =>
  Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));

describe("listening", () => {
  it("takes another free port when the first is in use on the other address", async () => {
    const create = makeServers([2], "EADDRINUSE");
    const { servers } = await listen(create, 0, undefined);
    expect(servers.every(({ listening }) => listening)).toBe(true);
    await closeAll(servers);
  });

  it("gives up where a port that was asked for is in use on the other address", async () => {
    const create = makeServers([2], "EADDRINUSE");
    const free = await listen(makeServers([], ""), 0, "127.0.0.1");
    await closeAll(free.servers);
    await expect(listen(create, free.port, undefined)).rejects.toMatchObject({
      code: "port-in-use",
    });
  });

  it.each(["EADDRNOTAVAIL", "EAFNOSUPPORT"])("does without ::1 on %s", async (code) => {
    const { servers } = await listen(makeServers([2], code), 0, undefined);
    expect(servers).toHaveLength(1);
    await closeAll(servers);
  });

  it("takes an empty address for none, and not for all of the machine's", async () => {
    await expect(listen(makeServers([], ""), 0, "")).rejects.toMatchObject({
      code: "listen-failed",
    });
  });
});
