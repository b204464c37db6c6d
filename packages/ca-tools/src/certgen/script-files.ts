import { FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import type { ProfileName } from "../x509/profiles.ts";

/** What the original script makes, and calls it: one table, to be held against the script. */

/** Common names of the script's CAs. */
export const SCRIPT_CA_NAMES = {
  root: "Azure IoT Hub CA Cert Test Only",
  intermediate: "Azure IoT Hub Intermediate Cert Test Only",
} as const;

/** Lifetime of all its certificates, in days. */
export const SCRIPT_DAYS = 30;
/** Of its encrypted keys: OpenSSL's own count. The password is known, so more would only take time. */
export const SCRIPT_ROUNDS = 2048;

export type ScriptCertificateKind = "verification" | "device" | "deviceFromIntermediate" | "edge";

export interface ScriptCommand {
  /** Beginning of the names of its files, which each run writes anew. */
  stem: string;
  /** Name of the CA that signs. */
  issuer: typeof ROOT | typeof FIRST_INTERMEDIATE;
  profile: ProfileName;
  /** Put behind the name that is given: an Edge device's host name is not to be its CA's name too. */
  suffix: string;
  /** Whether leaf and issuers are put into one file, which the script's readme leaves to the reader. */
  fullChain: boolean;
}

export const SCRIPT_COMMANDS: Readonly<Record<ScriptCertificateKind, ScriptCommand>> = {
  verification: {
    stem: "verification-code",
    issuer: ROOT,
    profile: "scriptDevice",
    suffix: "",
    fullChain: false,
  },
  device: {
    stem: "new-device",
    issuer: ROOT,
    profile: "scriptDevice",
    suffix: "",
    fullChain: true,
  },
  deviceFromIntermediate: {
    stem: "new-device",
    issuer: FIRST_INTERMEDIATE,
    profile: "scriptDevice",
    suffix: "",
    fullChain: true,
  },
  edge: {
    stem: "new-edge-device",
    issuer: FIRST_INTERMEDIATE,
    profile: "edgeCa",
    suffix: ".ca",
    fullChain: true,
  },
};

/** Paths of what one command makes, relative to the folder. */
export interface ScriptPaths {
  certificate: string;
  key: string;
  request: string;
  pfx: string;
  fullChain?: string;
}

export function scriptPaths({ stem, fullChain }: ScriptCommand): ScriptPaths {
  return {
    certificate: `certs/${stem}.cert.pem`,
    key: `private/${stem}.key.pem`,
    request: requestPath(stem),
    pfx: `certs/${stem}.cert.pfx`,
    ...(fullChain && { fullChain: `certs/${stem}-full-chain.cert.pem` }),
  };
}

export const requestPath = (stem: string): string => `csr/${stem}.csr.pem`;
