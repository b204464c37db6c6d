import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { EmulatorError } from "../errors.ts";
import { codeOf } from "../store/state-folder.ts";

/** Tries at a port that is free on both loopback addresses. */
const ATTEMPTS = 20;
const NO_SUCH_ADDRESS: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

export interface Listening {
  port: number;
  servers: Server[];
}

/**
 * Listens on 127.0.0.1 and, where the machine has it, on ::1 at the same port; or on `host` alone.
 *
 * @param port - 0 for any free one
 * @throws {EmulatorError} `port-in-use`, `listen-failed`
 */
export async function listen(
  create: () => Server,
  port: number,
  host: string | undefined,
): Promise<Listening> {
  if (host === "") {
    const message = "the address to listen on is empty; name one, or none for loopback";
    // To Node it would mean every address of the machine.
    throw new EmulatorError("listen-failed", message);
  }
  if (host !== undefined) {
    const server = create();
    return { port: await bind(server, port, host), servers: [server] };
  }
  for (let attempt = 1; ; attempt += 1) {
    const first = create();
    const bound = await bind(first, port, "127.0.0.1");
    const second = create();
    try {
      await bind(second, bound, "::1");
      return { port: bound, servers: [first, second] };
    } catch (error) {
      const code = codeOf((error as Error).cause) ?? "";
      if (NO_SUCH_ADDRESS.has(code)) return { port: bound, servers: [first] };
      await new Promise((resolve) => first.close(resolve));
      // A free port was asked for, and this one is taken on the other address: take another.
      if (port !== 0 || code !== "EADDRINUSE" || attempt === ATTEMPTS) throw error;
    }
  }
}

async function bind(server: Server, port: number, host: string): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host, ipv6Only: host.includes(":") }, resolve);
    });
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    throw listenError(cause, port, host);
  }
}

function listenError(cause: unknown, port: number, host: string): EmulatorError {
  if (codeOf(cause) === "EADDRINUSE") {
    const message = `port ${port} on ${host} is in use; choose another port, or 0 for a free one`;
    return new EmulatorError("port-in-use", message, { cause });
  }
  const message = `cannot listen on ${host} port ${port} (${codeOf(cause) ?? "unknown reason"}); choose another`;
  return new EmulatorError("listen-failed", message, { cause });
}
