/** What a leaf certificate of the folder is for. */
import type { Certificate } from "../x509/certificate.ts";
import { ExtendedKeyUsage } from "../x509/library.ts";
import { PROFILES, type ProfileName } from "../x509/profiles.ts";

/** What `createDevices` makes: a device, or one of the three certificates of an IoT Edge device. */
export type DeviceProfile = "device" | "edgeCa" | "edgeIdentity" | "edgeServer";

export interface DeviceNames {
  /** What its files are called by. */
  id: string;
  commonName: string;
}

/**
 * The names of a device's certificate. An IoT Edge device has three, so that two of them carry a word
 * behind the device's name; in the CA's common name too, since a server of the CA's very name could
 * not prove itself below it.
 */
export function deviceNames(name: string, profile: DeviceProfile): DeviceNames {
  if (profile === "edgeCa") return { id: `${name}.ca`, commonName: `${name}.ca` };
  if (profile === "edgeServer") return { id: `${name}.server`, commonName: name };
  return { id: name, commonName: name };
}

export type DeviceRole = "device" | "edge ca" | "edge server";

const { clientAuth, serverAuth } = ExtendedKeyUsage;

/** Told from what the certificate allows: only a `device` registers. */
export function roleOf({
  basicConstraints,
  extendedKeyUsage: usages = [],
}: Pick<Certificate, "basicConstraints" | "extendedKeyUsage">): DeviceRole {
  if (basicConstraints?.ca) return "edge ca";
  return usages.includes(serverAuth) && !usages.includes(clientAuth) ? "edge server" : "device";
}

/** Those that are like another of the table come later. */
const ISSUED_TO_DEVICES = ["device", "edgeServer", "edgeCa", "scriptDevice"] as const;

/** The profile whose usages the certificate has, neither more nor less; undefined when there is none. */
export function profileOf(certificate: Certificate): ProfileName | undefined {
  return ISSUED_TO_DEVICES.find((name) => {
    const { ca, keyUsage, extendedKeyUsage } = PROFILES[name];
    return (
      (certificate.basicConstraints?.ca ?? false) === ca &&
      sameSet(certificate.keyUsages, keyUsage) &&
      sameSet(
        certificate.extendedKeyUsage,
        extendedKeyUsage.map((usage) => ExtendedKeyUsage[usage]),
      )
    );
  });
}

const sameSet = (found: readonly string[] = [], wanted: readonly string[]) =>
  found.length === wanted.length && wanted.every((one) => found.includes(one));
