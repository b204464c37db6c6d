import type { Names } from "../x509/extensions.ts";
import type { Issuer } from "../x509/issue.ts";
import type { KeyAlgorithmName } from "../x509/keys.ts";
import type { ProfileName } from "../x509/profiles.ts";

/** What one device asks for. */
export interface FleetRequest {
  /** 1 to 64 characters, no control characters (X.520 `ub-common-name`). */
  commonName: string;
  /** Lifetime in days. @default that of the options */
  days?: number;
  /** @default none */
  subjectAlternativeNames?: Names;
  /** Big-endian and positive, 1 to 20 bytes (RFC 5280 §4.1.2.2). @default 16 random bytes */
  serialNumber?: Uint8Array;
}

/** A certificate and its key. Hex is upper-case, without separators. */
export interface FleetDevice {
  commonName: string;
  /** PEM. */
  certificate: string;
  /** The same as DER: a view of its batch's memory. */
  der: Uint8Array;
  /** PKCS#8 PEM, not encrypted. A secret. */
  privateKey: string;
  serialNumber: string;
  sha1: string;
  sha256: string;
  notBefore: Date;
  notAfter: Date;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
}

/** Those of devices that register. */
export type FleetProfile = Extract<ProfileName, "device" | "edgeIdentity" | "scriptDevice">;

export interface FleetIssuerOptions {
  /** Any CA with its key. */
  issuer: Issuer;
  /** Time of issuing; all certificates of a run begin at the same second. */
  now: Date;
  /** @default "device" */
  profile?: FleetProfile;
  /** Lifetime in days. @default the profile's */
  days?: number;
  /** Of the devices' keys. @default "ec-p256" */
  algorithm?: KeyAlgorithmName;
}

export interface FleetOptions extends FleetIssuerOptions {
  /**
   * Threads that issue, once the fleet turns out to be worth starting them; 0 keeps to the caller's
   * own. @default as many as there are cores, up to 8; 0 where there is one
   */
  workers?: number;
  /**
   * The threads' code, for programs that put this package into a bundle: an entry `fleet-worker` made
   * of `fleet/fleet-worker.js`. @default the file of that name beside this package's code
   */
  workerUrl?: URL;
  /** Ends the run: the generator throws the signal's reason. */
  signal?: AbortSignal;
}

export interface FleetIssuer {
  /**
   * Makes a key and a certificate. At once where the template can say what is asked for; by way of a
   * promise where it takes the library.
   *
   * @throws {CaToolsError} `invalid-name` for the common name or an alternative one; `outside-validity`
   */
  issue(request: FleetRequest): FleetDevice | Promise<FleetDevice>;
}
