import type { Store } from "./store/store.ts";

export interface Settings {
  /** Seconds a device is told to wait after `register`. */
  retryAfterSeconds: number;
  /** What `POST /emulator/stop` asks for; without it there is no such path. */
  onStop?: (() => void) | undefined;
  /** Hand out tokens to whoever runs on this machine, as a managed identity. @default no */
  msi?: boolean;
  /** Call webhooks of enrollments wherever they are. @default those on loopback alone */
  allowWebhooks?: boolean;
  /** Milliseconds that a webhook has for its answer. @default 5000, as the service gives it */
  webhookTimeoutMs?: number;
}

/** All that the service's logic depends on; nothing else reaches clock, randomness or storage. */
export interface Context {
  store: Store;
  now: () => Date;
  randomBytes: (size: number) => Buffer;
  settings: Settings;
}

/** A version 4 UUID from the context's randomness (RFC 9562 §5.4). */
export function randomGuid(randomBytes: (size: number) => Buffer): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
