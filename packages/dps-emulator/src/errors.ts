export type EmulatorErrorCode =
  | "port-in-use"
  | "listen-failed"
  | "state-not-a-folder"
  | "state-not-writable"
  | "state-foreign"
  | "state-newer"
  | "state-damaged"
  | "state-busy"
  | "store-unavailable";

/** Why the emulator cannot start; the message names the path or port and the way out. */
export class EmulatorError extends Error {
  override readonly name = "EmulatorError";
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
