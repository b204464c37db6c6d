export type CliErrorCode =
  | "usage"
  | "drift"
  | "not-confirmed"
  | "not-found"
  | "expired"
  | "target"
  | "not-read-back"
  | "in-use"
  | "registration"
  | "bad-row"
  | "not-delivered";

/** An error of the command line's own. `usage` ends with exit status 2, all others with 1. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly hint: string | undefined;

  constructor(
    code: CliErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

export function usageError(message: string, hint?: string): CliError {
  return new CliError("usage", message, { hint });
}

/** What every error of every package is told as. */
export interface ErrorReport {
  code: string;
  message: string;
  hint?: string;
  trackingId?: string;
}

/** What the emulator's errors mean for this command line; the package itself knows no flags. */
const HINTS: Readonly<Record<string, string>> = {
  "port-in-use": "for instance: dps-certs emulator start --port 0",
  "listen-failed": "choose another address with --host",
  "state-not-a-folder": "choose another folder with --state-dir",
  "state-not-writable": "choose another folder with --state-dir, or mend its permissions",
  "state-foreign": "choose another folder with --state-dir",
  "state-newer": "use the newer version, or another folder with --state-dir",
  "state-damaged": "restore it from a copy, or choose another folder with --state-dir",
  "state-busy": "try again, or choose another folder with --state-dir",
  "store-unavailable": "serve it from memory with: dps-certs emulator start --in-memory",
};

/** Reads what our packages' errors carry; any other error is reported by its message. */
export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { code: "unexpected", message: String(error) };
  const {
    code: given,
    hint: own,
    trackingId,
  } = error as Partial<Record<keyof ErrorReport, unknown>>;
  const code = typeof given === "string" ? given : "unexpected";
  const hint = typeof own === "string" ? own : HINTS[code];
  return {
    code,
    message: error.message,
    ...(hint !== undefined && { hint }),
    ...(typeof trackingId === "string" && { trackingId }),
  };
}
