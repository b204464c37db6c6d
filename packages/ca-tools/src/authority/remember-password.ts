import type { PasswordSource } from "../x509/private-key.ts";

export interface RememberingSource {
  source: PasswordSource;
  /** What was given last; undefined where nobody asked, or nothing was given. A secret. */
  given: () => string | undefined;
}

/**
 * Remembers the password that a source gave, so that what was kept encrypted can be kept so under
 * the same password.
 */
export function rememberPassword(password: PasswordSource | undefined): RememberingSource {
  let last: string | undefined;
  return {
    source: async (file) => {
      last = await password?.(file);
      return last;
    },
    // A PFX may have the empty password: that protects nothing.
    given: () => (last === "" ? undefined : last),
  };
}
