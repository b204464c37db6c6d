import type { Certificate } from "../x509/certificate.ts";
import type { FindingCode } from "../x509/validate.ts";

/** A path validator of other people. */
export type Oracle = "openssl" | "gnutls" | "java";

export interface RefusedCase {
  expect: FindingCode;
  path: () => Promise<Certificate[]>;
  /** Which other programs accept it, and why. */
  laxer?: Partial<Record<Oracle, string>>;
}
