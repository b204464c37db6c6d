export type DpsClientErrorCode =
  /** An argument, option or id that cannot be sent. */
  | "invalid-argument"
  /** A certificate or private key that cannot be read, or that do not belong together. */
  | "invalid-certificate"
  /** The token credential gave no token. */
  | "credential"
  | "bad-request"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  /** Several fit what was asked for. */
  | "ambiguous"
  /** It exists already, or two callers changed it at once. */
  | "conflict"
  /** If-Match no longer names the current state. */
  | "etag-mismatch"
  | "proof-of-possession-failed"
  | "throttled"
  /** The service failed (5xx), or answered with a status that no client expects. */
  | "service"
  | "host-not-found"
  | "connection-refused"
  | "network"
  | "tls"
  | "timeout"
  | "aborted"
  /** The client was closed. */
  | "closed"
  | "response-too-large"
  /** The answer is not what the service's specification says. */
  | "protocol"
  | "registration-failed"
  | "registration-disabled";

export interface DpsClientErrorDetails {
  /** HTTP status of the answer, if there was one. */
  status?: number | undefined;
  /** `errorCode` of the data planes, `code` of the management plane. */
  errorCode?: number | string | undefined;
  /** What to name to the service's support. */
  trackingId?: string | undefined;
  /** The service's own words: one line, without secrets and boilerplate. */
  serviceMessage?: string | undefined;
  /** What to do next. */
  hint?: string | undefined;
  /** Milliseconds that the service asked to wait. */
  retryAfterMs?: number | undefined;
  /**
   * Whether the service may have carried the request out all the same: an attempt was sent and its
   * answer lost.
   * @default false
   */
  maybeApplied?: boolean | undefined;
  cause?: unknown;
}

/** The only error that the clients throw. Neither it nor its cause holds a key or a token. */
export class DpsClientError extends Error {
  override readonly name = "DpsClientError";
  readonly code: DpsClientErrorCode;
  readonly status: number | undefined;
  readonly errorCode: number | string | undefined;
  readonly trackingId: string | undefined;
  readonly serviceMessage: string | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly maybeApplied: boolean;

  constructor(code: DpsClientErrorCode, message: string, details: DpsClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.errorCode = details.errorCode;
    this.trackingId = details.trackingId;
    this.serviceMessage = details.serviceMessage;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
    this.maybeApplied = details.maybeApplied ?? false;
  }
}

/** As the constructor: lint wants the cause as an error's second argument, where the details are. */
export function clientError(
  code: DpsClientErrorCode,
  message: string,
  details: DpsClientErrorDetails,
): DpsClientError {
  return new DpsClientError(code, message, details);
}

export function isDpsClientError(
  error: unknown,
  ...codes: readonly DpsClientErrorCode[]
): error is DpsClientError {
  return error instanceof DpsClientError && (codes.length === 0 || codes.includes(error.code));
}
