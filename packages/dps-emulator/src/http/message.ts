import type { Peer } from "../device/peer.ts";

/** A request as the service's logic sees it, whatever carried it. */
export interface ServiceRequest {
  method: string;
  /** Path as it was sent, percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
  /** Port at which the emulator itself was reached. */
  localPort: number;
  /** What the TLS client showed of itself; undefined when it has no certificate. */
  peer: Peer | undefined;
}

export interface ServiceResponse {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Becomes JSON; none when undefined. */
  body?: unknown;
  /** Called when the answer has been sent, or its client is gone. */
  afterwards?: () => void;
}
