import type { KeyObject } from "node:crypto";
import {
  type Certificate,
  generateKeyPair,
  issueCertificate,
  type KeyPair,
} from "@dps-certs/ca-tools";
import type { Peer } from "../device/peer.ts";

/** A certificate, whoever has its key. */
export interface Certified {
  certificate: Certificate;
}

export interface Identity extends Certified {
  privateKey: KeyObject;
}

const DAY_MS = 24 * 60 * 60 * 1000;

interface Options {
  /** @default the machine's clock */
  now?: Date;
  /** @default 30 */
  days?: number;
}

const validity = ({ now = new Date(), days = 30 }: Options) => ({
  notBefore: new Date(now.getTime() - DAY_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
});

export async function rootCa(commonName: string, options: Options = {}): Promise<Identity> {
  const { publicKey, privateKey } = await generateKeyPair();
  const certificate = await issueCertificate({
    profile: "root",
    subject: { commonName },
    publicKey,
    issuer: { selfSigned: privateKey },
    ...validity(options),
  });
  return { certificate, privateKey };
}

type IssuedProfile = "intermediate" | "verification" | "device" | "server";

export async function issue(
  profile: IssuedProfile,
  commonName: string,
  issuer: Identity,
  options: Options = {},
): Promise<Identity> {
  return await certify(profile, commonName, await generateKeyPair(), issuer, options);
}

/** As `issue`, for keys that are there already: one CA may have several certificates. */
export async function certify(
  profile: IssuedProfile,
  commonName: string,
  { publicKey, privateKey }: KeyPair,
  issuer: Identity,
  options: Options = {},
): Promise<Identity> {
  const certificate = await issueCertificate({
    profile,
    subject: { commonName },
    publicKey,
    issuer,
    ...validity(options),
  });
  return { certificate, privateKey };
}

/** What a TLS client with this certificate and chain would show. */
export function peerOf(leaf: Certified, ...chain: Certified[]): Peer {
  return {
    leaf: leaf.certificate.der,
    presented: chain.map(({ certificate }) => certificate.der),
  };
}

/** The certificate as clients upload it: base64 of the PEM text. */
export function uploadable({ certificate }: Certified): string {
  return Buffer.from(certificate.pem).toString("base64");
}
