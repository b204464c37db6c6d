import type { KeyObject } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Names } from "../x509/extensions.ts";
import { type Issuer, issueCertificate } from "../x509/issue.ts";
import { commonNameSubject, nameKey } from "../x509/names.ts";
import { PROFILES, type ProfileName } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { profileOf } from "./device-roles.ts";

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

export interface Successor {
  certificate: Certificate;
  cutFrom?: Date;
  /** Object identifiers of the extensions that the old one had in whole or in part beyond the new. */
  leftOut: readonly string[];
}

/**
 * Issues what takes a certificate's place: of the same subject, profile, host names and addresses.
 * What else the old one said is not carried over, as nobody here would have vouched for it.
 *
 * @param file - of the old certificate, named in errors
 * @throws {CaToolsError} `invalid-certificate` for one that a profile does not describe, or whose
 * successor would be allowed more
 */
export async function issueSuccessor(
  old: Certificate,
  {
    publicKey,
    issuer,
    now,
    days,
    file,
  }: { publicKey: KeyObject; issuer: Issuer; now: Date; days: number | undefined; file: string },
): Promise<Successor> {
  const { profile, commonName } = kindOf(old, file);
  const { cutFrom, ...dates } = validityFor(
    now,
    days ?? PROFILES[profile].days,
    issuer.certificate,
  );
  const names = namesOf(old);
  const certificate = await issueCertificate({
    profile,
    subject: { commonName },
    publicKey,
    issuer,
    ...dates,
    ...(names && { subjectAlternativeNames: names }),
  });
  const leftOut = leftOutOf(old, certificate);
  const limits = old.extensions.filter(({ oid, critical }) => critical && leftOut.includes(oid));
  if (limits.length === 0 && old.basicConstraints?.pathLength === undefined) {
    return { certificate, leftOut, ...(cutFrom && { cutFrom }) };
  }
  throw notRenewable(file, "has limits that a renewed one would not have");
}

function kindOf(old: Certificate, file: string): { profile: ProfileName; commonName: string } {
  const { commonName } = old;
  const isPlain =
    commonName !== undefined && old.subjectKey === nameKey(commonNameSubject(commonName));
  if (!isPlain) throw notRenewable(file, "has a subject that is more than one common name");
  const profile = profileOf(old);
  if (profile === undefined) throw notRenewable(file, "has usages of no kind that is made here");
  return { profile, commonName };
}

function namesOf({ subjectAlternativeNames }: Certificate): Names | undefined {
  const [dns, ip] = (["dns", "ip"] as const).map((type) =>
    subjectAlternativeNames.filter((name) => name.type === type).map(({ value }) => value),
  ) as [string[], string[]];
  return dns.length + ip.length > 0 ? { dns, ip } : undefined;
}

function leftOutOf(old: Certificate, made: Certificate): string[] {
  const kept = new Set(made.extensions.map(({ oid }) => oid));
  const partly = made.subjectAlternativeNames.length < old.subjectAlternativeNames.length;
  return old.extensions
    .map(({ oid }) => oid)
    .filter((oid) => !kept.has(oid) || (oid === SUBJECT_ALTERNATIVE_NAME && partly));
}

function notRenewable(file: string, problem: string): CaToolsError {
  return new CaToolsError("invalid-certificate", `${file} cannot be renewed: it ${problem}`, {
    file,
    hint: "make another with: dps-certs device create --force",
  });
}
