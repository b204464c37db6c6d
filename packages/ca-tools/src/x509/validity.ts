import { CaToolsError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";

/** Clocks of devices and services differ: notBefore is set back by this much, in milliseconds. */
export const BACKDATE_MS: number = 5 * 60_000;
const DAY_MS = 86_400_000;
/** The last that a certificate can name (RFC 5280 §4.1.2.5). */
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59);

export interface Validity {
  notBefore: Date;
  notAfter: Date;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
}

/**
 * From a few minutes ago for `days` days, within the issuer's validity.
 *
 * @param now - time of issuing
 * @param days - lifetime, counted from `now`: above 0, and not beyond the year 9999
 * @throws {CaToolsError} `outside-validity` when the issuer is not valid now, or for other days
 */
export function validityFor(now: Date, days: number, issuer?: Certificate): Validity {
  const second = Math.floor(now.getTime() / 1000) * 1000;
  const start = second - BACKDATE_MS;
  const end = Math.floor((second + days * DAY_MS) / 1000) * 1000;
  // Also refuses NaN.
  if (!(end > second && end <= LAST_SECOND)) {
    throw new CaToolsError("outside-validity", `a certificate cannot be valid for ${days} days`, {
      hint: "give a lifetime above 0 days that ends before the year 10000",
    });
  }
  if (issuer === undefined) return { notBefore: new Date(start), notAfter: new Date(end) };
  if (now < issuer.notBefore || now > issuer.notAfter) {
    throw new CaToolsError(
      "outside-validity",
      `${issuer.subject} is valid from ${issuer.notBefore.toISOString()} to ${issuer.notAfter.toISOString()} and cannot issue now`,
      { hint: "check the clock, or replace the CA with: dps-certs ca create --force" },
    );
  }
  const notBefore = new Date(Math.max(start, issuer.notBefore.getTime()));
  if (end <= issuer.notAfter.getTime()) return { notBefore, notAfter: new Date(end) };
  return { notBefore, notAfter: issuer.notAfter, cutFrom: new Date(end) };
}
