/** What each kind of certificate says of itself: one table, to be held against an openssl.cnf. */

export type ProfileName = "root" | "intermediate" | "verification" | "device" | "server";
export type KeyUsageName = "digitalSignature" | "keyCertSign" | "cRLSign";
export type ExtendedKeyUsageName = "clientAuth" | "serverAuth";

export interface Profile {
  ca: boolean;
  keyUsage: readonly KeyUsageName[];
  extendedKeyUsage: readonly ExtendedKeyUsageName[];
  /** Default lifetime, in days. */
  days: number;
}

// basicConstraints is critical in CAs (RFC 5280 §4.2.1.9), keyUsage everywhere (§4.2.1.3).
// Subject and authority key identifiers are in every certificate.
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  root: {
    ca: true,
    keyUsage: ["digitalSignature", "cRLSign", "keyCertSign"],
    extendedKeyUsage: [],
    days: 365,
  },
  intermediate: {
    ca: true,
    keyUsage: ["digitalSignature", "cRLSign", "keyCertSign"],
    extendedKeyUsage: [],
    days: 180,
  },
  verification: {
    ca: false,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["clientAuth"],
    days: 30,
  },
  device: {
    ca: false,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["clientAuth"],
    days: 30,
  },
  server: {
    ca: false,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["serverAuth"],
    days: 365,
  },
};
