import {
  exportPrivateKeyPem,
  generateKeyPair,
  issueCertificate,
  parseCertificate,
} from "@dps-certs/ca-tools";
import type { Reader, Store } from "./store/store.ts";

/** What the emulator's HTTPS server shows of itself, and what clients trust it by. */
export interface TlsIdentity {
  /** Certificate of the CA; the key that it was signed with exists nowhere. */
  caPem: string;
  certificatePem: string;
  /** PKCS#8. A secret. */
  privateKeyPem: string;
}

const IDENTITY_KEY = "tls-identity";
const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIME_MS = 365 * DAY_MS;
/** An identity that ends sooner than this is made anew at the next start. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Set back against clocks that are a little behind. */
const BACKDATE_MS = 5 * 60 * 1000;

/** All that the CA may vouch for: loopback, and the names under which the service is known. */
const PERMITTED = {
  dns: ["localhost", "azure-devices-provisioning.net", "management.azure.com"],
  ip: ["127.0.0.0/8", "::1/128"],
};
const SERVER_NAMES = {
  dns: ["localhost", "*.azure-devices-provisioning.net", "management.azure.com"],
  ip: ["127.0.0.1", "::1"],
};

/**
 * Returns the state's TLS identity, made when there is none or when it ends soon. Of two processes
 * that make one at once, both use the one that was stored first.
 */
export async function ensureTlsIdentity(store: Store, now: Date): Promise<TlsIdentity> {
  const present = store.read((reader) => currentIdentity(reader, now));
  if (present !== undefined) return present;
  const made = await makeIdentity(now);
  return store.write((writer) => {
    const other = currentIdentity(writer, now);
    if (other !== undefined) return other;
    writer.put(IDENTITY_KEY, made);
    return made;
  });
}

function currentIdentity(store: Reader, now: Date): TlsIdentity | undefined {
  const identity = store.get(IDENTITY_KEY) as TlsIdentity | undefined;
  if (identity === undefined) return undefined;
  const { notAfter } = parseCertificate(identity.certificatePem);
  return notAfter.getTime() - now.getTime() > RENEW_BEFORE_MS ? identity : undefined;
}

async function makeIdentity(now: Date): Promise<TlsIdentity> {
  const [ca, server] = await Promise.all([generateKeyPair(), generateKeyPair()]);
  const validity = {
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(now.getTime() + LIFETIME_MS),
  };
  const issuer = await issueCertificate({
    profile: "root",
    subject: { commonName: "dps-certs emulator (this machine only)" },
    publicKey: ca.publicKey,
    issuer: { selfSigned: ca.privateKey },
    nameConstraints: PERMITTED,
    ...validity,
  });
  const certificate = await issueCertificate({
    profile: "server",
    subject: { commonName: "localhost" },
    publicKey: server.publicKey,
    issuer: { certificate: issuer, privateKey: ca.privateKey },
    subjectAlternativeNames: SERVER_NAMES,
    ...validity,
  });
  return {
    caPem: issuer.pem,
    certificatePem: certificate.pem,
    privateKeyPem: exportPrivateKeyPem(server.privateKey),
  };
}
