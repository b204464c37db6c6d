/** What each kind of certificate says of itself: one table, to be held against an openssl.cnf. */

export type ProfileName =
  | "root"
  | "intermediate"
  | "verification"
  | "device"
  | "server"
  | "edgeCa"
  | "edgeIdentity"
  | "edgeServer"
  | "scriptDevice";
export type KeyUsageName =
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "keyCertSign"
  | "cRLSign";
export type ExtendedKeyUsageName = "clientAuth" | "serverAuth" | "emailProtection";

export interface Profile {
  ca: boolean;
  keyUsage: readonly KeyUsageName[];
  extendedKeyUsage: readonly ExtendedKeyUsageName[];
  /** Default lifetime, in days. */
  days: number;
  /** Netscape's extensions, which only the scripts' users still have. */
  netscape?: { types: readonly ("client" | "email")[]; comment: string };
}

const CA = { ca: true, keyUsage: ["digitalSignature", "cRLSign", "keyCertSign"] } as const;
const LEAF = { ca: false, keyUsage: ["digitalSignature"], days: 30 } as const;

// basicConstraints is critical in CAs (RFC 5280 §4.2.1.9), keyUsage everywhere (§4.2.1.3).
// Subject and authority key identifiers are in every certificate.
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  root: { ...CA, extendedKeyUsage: [], days: 365 },
  intermediate: { ...CA, extendedKeyUsage: [], days: 180 },
  verification: { ...LEAF, extendedKeyUsage: ["clientAuth"] },
  device: { ...LEAF, extendedKeyUsage: ["clientAuth"] },
  server: { ...LEAF, extendedKeyUsage: ["serverAuth"], days: 365 },
  // An IoT Edge device: it signs its modules' certificates, registers, and serves the devices below it.
  edgeCa: { ...CA, extendedKeyUsage: [], days: 30 },
  edgeIdentity: { ...LEAF, extendedKeyUsage: ["clientAuth"] },
  edgeServer: { ...LEAF, extendedKeyUsage: ["serverAuth"] },
  // `usr_cert` of the CACertificates scripts, to the letter.
  scriptDevice: {
    ca: false,
    keyUsage: ["digitalSignature", "nonRepudiation", "keyEncipherment"],
    extendedKeyUsage: ["clientAuth", "emailProtection"],
    days: 30,
    netscape: { types: ["client", "email"], comment: "OpenSSL Generated Client Certificate" },
  },
};
