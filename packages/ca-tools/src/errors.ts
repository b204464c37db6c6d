export type CaToolsErrorCode =
  | "invalid-certificate"
  | "invalid-key"
  | "unsupported-key"
  | "key-mismatch"
  | "password-required"
  | "wrong-password"
  | "invalid-pfx"
  | "invalid-request"
  | "invalid-crl"
  | "not-a-ca"
  | "invalid-name"
  | "exists"
  | "not-found"
  | "not-a-pki-folder"
  | "damaged-folder"
  | "not-writable"
  | "locked"
  | "outside-validity"
  | "worker-failed"
  | "key-elsewhere"
  | "root-key";

/** What went wrong, on which file where there is one, and what to do next. */
export class CaToolsError extends Error {
  override readonly name = "CaToolsError";
  readonly code: CaToolsErrorCode;
  /** Path of the file or folder concerned. */
  readonly file: string | undefined;
  /** The way out, one sentence. */
  readonly hint: string | undefined;

  constructor(
    code: CaToolsErrorCode,
    message: string,
    options: { file?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.file = options.file;
    this.hint = options.hint;
  }
}
