import { type PasswordBytes, passwordEncodings } from "../pbe-password.ts";
import type { PasswordSource } from "../private-key.ts";
import { passwordRequired, wrongPassword } from "./errors.ts";

/** Opens one part of a PFX; undefined when the password is another one. */
export type Attempt<T> = (password: PasswordBytes) => Promise<T | undefined>;

/** Opens part after part with one password, which is asked for once, and only when it is needed. */
export type Unlock = <T>(attempt: Attempt<T>) => Promise<T>;

/**
 * The first part that opens decides between the encodings of the empty password. Where no password
 * is to be had, the empty one is tried.
 *
 * @throws {CaToolsError} (later) `password-required` or `wrong-password`
 */
export function unlocker(file: string | undefined, source: PasswordSource | undefined): Unlock {
  let candidates: PasswordBytes[] | undefined;
  let isGiven = false;
  return async (attempt) => {
    if (candidates === undefined) {
      const password = await source?.(file ?? "the PFX");
      isGiven = password !== undefined;
      candidates = passwordEncodings(password ?? "");
    }
    for (const candidate of candidates) {
      const opened = await attempt(candidate);
      if (opened === undefined) continue;
      candidates = [candidate];
      return opened;
    }
    throw isGiven ? wrongPassword(file) : passwordRequired(file);
  };
}
