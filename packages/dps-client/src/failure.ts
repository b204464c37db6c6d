import { DpsClientError, type DpsClientErrorCode, type DpsClientErrorDetails } from "./errors.ts";

/** Why one attempt failed, as a value: the transport decides later whether it is thrown. */
export interface Failure extends DpsClientErrorDetails {
  code: DpsClientErrorCode;
  message: string;
  /**
   * `never`: another attempt would fail the same way. `safe`: the service did nothing.
   * `unsure`: it may pass, and the service may have carried the request out.
   */
  retry: "never" | "safe" | "unsure";
}

/** The error for the last of `attempts` failures. `what` says what was being done. */
export function failureError(what: string, failure: Failure, attempts: number): DpsClientError {
  const tried = attempts > 1 ? ` (tried ${attempts} times)` : "";
  return new DpsClientError(failure.code, `${what}: ${failure.message}${tried}`, failure);
}
