import { CaToolsError } from "../errors.ts";

/** Why a certificate is revoked, and its code in a CRL (RFC 5280 §5.3.1); names as `openssl ca` has them. */
export const CRL_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  CACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  AACompromise: 10,
} as const;

export type CrlReason = keyof typeof CRL_REASONS;

/** The reasons that this toolkit revokes for: those that are final, and not of attribute certificates. */
export type RevocationReason = Exclude<
  CrlReason,
  "certificateHold" | "removeFromCRL" | "privilegeWithdrawn" | "AACompromise"
>;

export const REVOCATION_REASONS: readonly RevocationReason[] = [
  "unspecified",
  "keyCompromise",
  "CACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
];

/** The reason of this name, in any letter case; undefined for no reason's name. */
export function crlReason(name: string): CrlReason | undefined {
  const names = Object.keys(CRL_REASONS) as CrlReason[];
  return names.find((known) => known.toLowerCase() === name.toLowerCase());
}

/** The reason of this code; undefined for a code that RFC 5280 does not name. */
export function crlReasonOf(code: number): CrlReason | undefined {
  const names = Object.keys(CRL_REASONS) as CrlReason[];
  return names.find((name) => CRL_REASONS[name] === code);
}

/**
 * A reason to revoke for, by its name in any letter case.
 *
 * @throws {CaToolsError} `invalid-name`
 */
export function revocationReason(name: string): RevocationReason {
  const found = REVOCATION_REASONS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new CaToolsError("invalid-name", `${JSON.stringify(name)} is no reason to revoke for`, {
    hint: `use one of ${REVOCATION_REASONS.join(", ")}`,
  });
}
