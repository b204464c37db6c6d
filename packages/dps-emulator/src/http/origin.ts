import type { ServiceRequest } from "./message.ts";

const HOST = /^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,39}\])(:\d{1,5})?$/;
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const HTTPS_PORT = 443;

/** `https://host:port` by which a client reached the emulator: where it can reach it again. */
export function originOf({
  headers,
  localPort,
}: Pick<ServiceRequest, "headers" | "localPort">): string {
  const host = headers.host ?? "";
  return `https://${HOST.test(host) ? host.toLowerCase() : `localhost:${localPort}`}`;
}

/** The loopback name by which a client called the emulator; undefined when it used another one. */
export function loopbackNameOf({ headers }: Pick<ServiceRequest, "headers">): string | undefined {
  const name = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
  return LOOPBACK.find((known) => known === name);
}

/** Every `https://host:port` under which this machine reaches the emulator. */
export function loopbackOrigins({ localPort }: Pick<ServiceRequest, "localPort">): string[] {
  const port = localPort === HTTPS_PORT ? "" : `:${localPort}`;
  return LOOPBACK.map((name) => `https://${name}${port}`);
}
