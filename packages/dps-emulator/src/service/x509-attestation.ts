import type { Certificate } from "@dps-certs/ca-tools";
import type {
  AttestationMechanism,
  X509Attestation,
  X509CaReferences,
  X509CertificateInfo,
  X509Certificates,
  X509CertificateWithInfo,
} from "@dps-certs/dps-protocol";
import { readCertificateField, storedCertificate, toStored } from "../certificate-field.ts";
import { uploadedCertificates } from "../management/certificates.ts";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";
import { wholeSeconds } from "../time.ts";
import type { Scope } from "./attestation.ts";

/** Certificates, each as base64 of its DER. */
export interface Pair {
  primary: string;
  secondary?: string;
}

/** Exactly one of `signing`, `client` and `caReferences` is there. */
export interface StoredX509 {
  type: "x509";
  /** Certificates that sign a group's devices. */
  signing?: Pair;
  /** Certificates of an individual enrollment's device. */
  client?: Pair;
  /** Names of certificates in the service, as the service has them. */
  caReferences?: { primary: string; secondary?: string };
}

interface Input {
  store: Reader;
  scope: Scope;
  sent: X509Attestation | null | undefined;
  present: StoredX509 | undefined;
}

/**
 * Reads X.509 attestation. A certificate that comes back as the service answered it, with `info` and
 * without `certificate`, is the one that the enrollment has.
 *
 * @throws {Refusal} `bad-request`
 */
export function readX509({ store, scope, sent, present }: Input): StoredX509 {
  const { clientCertificates, signingCertificates, caReferences } = sent ?? {};
  const [own, other] =
    scope === "enrollment"
      ? (["clientCertificates", "signingCertificates"] as const)
      : (["signingCertificates", "clientCertificates"] as const);
  if (sent?.[other]) {
    const message = `The attestation of an ${scope} has x509.${own} or x509.caReferences, not x509.${other}.`;
    throw new Refusal("bad-request", message);
  }
  if (sent?.[own] && caReferences) {
    const message = `attestation.x509.${own} and attestation.x509.caReferences exclude each other.`;
    throw new Refusal("bad-request", message);
  }
  if (caReferences) {
    return { type: "x509", caReferences: readReferences(store, caReferences, present) };
  }
  const member = scope === "enrollment" ? "client" : "signing";
  const certificates = clientCertificates ?? signingCertificates;
  return { type: "x509", [member]: readPair(own, certificates, present?.[member]) };
}

function readPair(
  member: "clientCertificates" | "signingCertificates",
  sent: X509Certificates | null | undefined,
  present: Pair | undefined,
): Pair {
  const known = [present?.primary, present?.secondary].filter((der) => der !== undefined);
  const primary = readSlot(`${member}.primary`, sent?.primary, known);
  if (primary === undefined) {
    throw new Refusal("bad-request", `attestation.x509.${member}.primary is required.`);
  }
  const secondary = readSlot(`${member}.secondary`, sent?.secondary, known);
  return { primary, ...(secondary === undefined ? {} : { secondary }) };
}

function readSlot(
  slot: string,
  sent: X509CertificateWithInfo | null | undefined,
  known: readonly string[],
): string | undefined {
  if (!sent) return undefined;
  if (typeof sent.certificate === "string" && sent.certificate !== "") {
    const certificate = readCertificateField(sent.certificate);
    if (certificate !== undefined) return toStored(certificate);
    throw new Refusal(
      "bad-request",
      `attestation.x509.${slot}.certificate is not a certificate in PEM text, base64 of PEM, or ` +
        "base64 of DER.",
    );
  }
  const thumbprint = sent.info?.sha256Thumbprint.toUpperCase();
  const kept = known.find((der) => storedCertificate(der).sha256 === thumbprint);
  if (kept !== undefined) return kept;
  throw new Refusal(
    "bad-request",
    `attestation.x509.${slot} has no certificate, and its info is not of one that is there already.`,
  );
}

/** Verified or not: that is asked when a device comes. */
function readReferences(
  store: Reader,
  sent: X509CaReferences,
  present: StoredX509 | undefined,
): { primary: string; secondary?: string } {
  if (!sent.primary) {
    throw new Refusal("bad-request", "Primary CA reference cannot be null or empty.");
  }
  const { primary, secondary } = present?.caReferences ?? {};
  const names = [...uploadedCertificates(store).map(({ name }) => name), primary, secondary];
  const resolve = (slot: "primary" | "secondary", reference: string) => {
    const found = names.find((name) => name?.toLowerCase() === reference.toLowerCase());
    if (found !== undefined) return found;
    const message = `attestation.x509.caReferences.${slot} names no certificate of the service.`;
    throw new Refusal("bad-request", message);
  };
  return {
    primary: resolve("primary", sent.primary),
    ...(sent.secondary ? { secondary: resolve("secondary", sent.secondary) } : {}),
  };
}

export function answerX509({ signing, client, caReferences }: StoredX509): AttestationMechanism {
  return {
    type: "x509",
    x509: {
      ...(client ? { clientCertificates: answerPair(client) } : {}),
      ...(signing ? { signingCertificates: answerPair(signing) } : {}),
      ...(caReferences ? { caReferences } : {}),
    },
  };
}

function answerPair({ primary, secondary }: Pair): X509Certificates {
  return {
    primary: { info: infoOf(storedCertificate(primary)) },
    ...(secondary ? { secondary: { info: infoOf(storedCertificate(secondary)) } } : {}),
  };
}

function infoOf(certificate: Certificate): X509CertificateInfo {
  return {
    subjectName: certificate.subject,
    sha1Thumbprint: certificate.sha1,
    sha256Thumbprint: certificate.sha256,
    issuerName: certificate.issuer,
    notBeforeUtc: wholeSeconds(certificate.notBefore),
    notAfterUtc: wholeSeconds(certificate.notAfter),
    serialNumber: certificate.serialNumber,
    version: certificate.version,
  };
}
