/** What the service holds of CAs: of their certificates it tells names and SHA-1 alone. */
import type { Certificate } from "@dps-certs/ca-tools";
import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";
import { isUploadOf } from "../names.ts";

const NOT_ALLOWED: ReadonlySet<unknown> = new Set([
  "credential",
  "forbidden",
  // A role for enrollments alone: Azure Resource Manager does not show the service itself.
  "not-found",
  "target",
  "unauthorized",
]);

/**
 * Whether a look at the certificates failed because this caller may not look: whoever has a connection
 * string alone can do all else.
 */
export const isNotAllowed = (error: unknown): boolean =>
  NOT_ALLOWED.has((error as { code?: unknown }).code);

/** The common name, which the service writes with and without `CN=`. */
export const commonNameOf = ({ properties }: CertificateResponse): string | undefined =>
  properties.subject?.replace(/^CN=/i, "");

/** Whether a certificate names this one as its issuer, as far as a common name tells. */
export function isNamedIssuer(stored: CertificateResponse, { x509 }: Certificate): boolean {
  // Its text escapes what is special in names.
  const { CN: names } = x509.toLegacyObject().issuer as { CN?: string | string[] };
  const name = commonNameOf(stored);
  return name !== undefined && [names].flat().includes(name);
}

/** The common name in a name that is text: as RFC 4514 §2.4 escapes it, or between quotes. */
function commonNameIn(text: string): string | undefined {
  const [, quoted, plain] =
    /(?:^|[,+]\s*)CN=(?:"((?:[^"]|"")*)"|((?:\\.|[^,+\\])*))/i.exec(text) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain?.replace(/\\(.)/g, "$1").trim();
}

/** Whether devices below a CA can be let in. */
export type Standing =
  /** It, or a CA above it, is uploaded and verified. */
  | { is: "verified"; by: CertificateResponse }
  /** Only the name of its issuer says so: the issuer's certificate is not here. */
  | { is: "named"; by: CertificateResponse }
  | { is: "unverified"; by: CertificateResponse }
  | { is: "unknown" };

/**
 * How the service stands to a CA.
 *
 * @param chain - its own certificate first, then what is known to be above it
 */
export function standingOf(
  chain: readonly Certificate[],
  uploaded: readonly CertificateResponse[],
): Standing {
  const ours = chain.flatMap((one) => uploaded.filter((stored) => isUploadOf(one, stored)));
  const verified = ours.find(({ properties }) => properties.isVerified === true);
  if (verified !== undefined) return { is: "verified", by: verified };
  const top = chain.at(-1);
  const isOpen = top !== undefined && top.subjectKey !== top.issuerKey;
  const named = uploaded.find(
    (stored) => isOpen && stored.properties.isVerified === true && isNamedIssuer(stored, top),
  );
  if (named !== undefined) return { is: "named", by: named };
  const [unverified] = ours;
  return unverified === undefined ? { is: "unknown" } : { is: "unverified", by: unverified };
}

export interface Holdings {
  /** Of each CA that is known here: its own certificate, then what is above it. */
  chains: readonly (readonly Certificate[])[];
  /** What else the service has, and keeps. */
  kept: readonly CertificateResponse[];
}

/**
 * Why a group needs a certificate of the service; undefined where it does not, as far as names and
 * thumbprints tell: devices come in by a verified one alone, and by any that is above them.
 */
export function needOf(
  { attestation }: EnrollmentGroup,
  stored: CertificateResponse,
  { chains, kept }: Holdings,
): string | undefined {
  const { signingCertificates, caReferences } = attestation.x509 ?? {};
  const name = stored.name.toLowerCase();
  if ([caReferences?.primary, caReferences?.secondary].some((one) => one?.toLowerCase() === name)) {
    return "refers to it";
  }
  const sha1 = stored.properties.thumbprint?.toUpperCase();
  const serving = kept.filter(({ properties }) => properties.isVerified === true);
  const isTwin = ({ properties }: CertificateResponse) =>
    properties.thumbprint?.toUpperCase() === sha1;
  if (stored.properties.isVerified !== true || serving.some(isTwin)) return undefined;
  const infos = [signingCertificates?.primary?.info, signingCertificates?.secondary?.info];
  const isNeeded = infos.some((info) => {
    if (!info) return false;
    const chain = chains.find(([own]) => own?.sha256 === info.sha256Thumbprint.toUpperCase());
    // Where the chain is known it decides: two CAs may have one name.
    if (chain !== undefined) {
      const serves = serving.some((other) => chain.some((one) => isUploadOf(one, other)));
      return !serves && chain.some((one) => one.sha1 === sha1);
    }
    if (info.sha1Thumbprint.toUpperCase() === sha1) return true;
    return commonNameIn(info.issuerName) === commonNameOf(stored);
  });
  return isNeeded ? "chains to it" : undefined;
}
